import Foundation
import Testing

@testable import Profiles

@Suite struct PrintingTests {
    @Test("what is printed decodes to the same profile", arguments: ["", "all"]) func roundTrip(
        _ kind: String
    ) throws {
        let overrides =
            kind.isEmpty
            ? []
            : [
                "profile='yes, \"quoted\": \\ # no'", "directory.region='1.5'",
                "relational.sqlite.path='- x: y'",
                "identity.audience=Straße", "http.host='::1'", "http.allowedOrigins=['https://a.example']",
                "secrets.createMissing=true", "jobs.table.heartbeat=1500ms",
                "identity.tokenKey=env:TOKEN_KEY",
                "media.libav.minimumConfinement=none", "uploads.maximumBytes=1GB",
            ]
        let profile = try SampleProfile.decode(overrides: overrides).profile
        let printed = profile.printed(format: .yaml)
        #expect(try SampleProfile.decode(printed).profile == profile)
        #expect(try SampleProfile.decode(printed).profile.printed(format: .yaml) == printed)
    }

    @Test("every key is printed, in the order of the file") func complete() throws {
        let profile = try SampleProfile.decode().profile
        let printed = try SampleProfile.decode(profile.printed(format: .yaml)).keys
        #expect(printed.filter { $0.kind == .value }.allSatisfy { $0.origin != nil })
        #expect(profile.printed(format: .yaml).hasPrefix("profile: seed\nroles: [api, chat, worker,"))
    }

    @Test("JSON holds the same keys") func json() throws {
        let text = try SampleProfile.decode().profile.printed(format: .json)
        let object = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let events = try #require(object["events"] as? [String: Any])
        #expect(Set(events.keys) == ["inProcess", "consumer"])
        let playback = try #require(object["playback"] as? [String: Any])
        let secret = try #require(playback["signingKey"] as? [String: String])
        #expect(secret == ["reference": "file:data/secrets/playback-signing.key", "value": "(redacted)"])
        #expect((object["http"] as? [String: Any])?["port"] as? Int == 8080)
    }

    @Test("no print holds the content of a secret") func secretsStaySecret() throws {
        let folder = try TemporaryFolder()
        let reference = SecretReference.file(folder.path + "/key")
        let secret = try reference.resolve(.symmetricKey, createMissing: true)
        let content = try String(contentsOfFile: folder.path + "/key", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let loaded = try SampleProfile.decode(overrides: ["playback.signingKey=\(reference)"])
        var dumped = ""
        dump(secret, to: &dumped)
        let texts = [
            loaded.profile.printed(format: .yaml), loaded.profile.printed(format: .json), "\(loaded.keys)",
            "\(secret)", String(reflecting: secret), "\(loaded)", dumped,
        ]
        #expect(texts.allSatisfy { !$0.contains(content) })
        #expect(texts[0].contains("signingKey: \(reference)  # (redacted)"))
    }
}
