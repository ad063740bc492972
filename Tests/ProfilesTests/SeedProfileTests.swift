import Foundation
import Testing

@testable import Profiles

@Suite struct SeedProfileTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("profiles").path

    @Test("every shipped profile is valid, secrets aside") func shippedProfilesAreValid() throws {
        let search = ProfileSearch(folders: [Self.folder])
        #expect(search.names.contains("seed"))
        for name in search.names {
            let loaded = try ProfileLoader.load(nameOrFile: search.find(name), checkSecrets: false)
            #expect(loaded.profile.name == name)
        }
    }

    @Test("the seed profile makes its own secrets and runs every role") func seedNeedsNothing() throws {
        let loaded = try ProfileLoader.load(nameOrFile: Self.folder + "/seed.yaml", checkSecrets: false)
        #expect(loaded.profile.secrets.createMissing)
        // One process needs nobody in front of it, and nobody beside it.
        #expect(loaded.profile.roles == Set(ProcessRole.allCases).subtracting([.gateway, .scaler]))
    }

    @Test("values arrive in types that carry their units") func valuesAreTyped() throws {
        let profile = try SampleProfile.decode().profile
        #expect(profile.http.maximumBodyBytes == .kibibytes(256))
        #expect(profile.http.requestDeadline == .seconds(30))
        #expect(profile.consumer.firstDelay == .milliseconds(200))
        #expect(
            profile.objects
                == .files(
                    FileObjectsSettings(
                        path: "data/objects", signingKey: .file("data/secrets/object-signing.key"),
                        maximumTransfers: 256, minimumFreeBytes: .gibibytes(1))))
        guard case .libav(let media) = profile.media, case .table(let jobs) = profile.jobs else { return }
        #expect(media.maximumPixels == PixelLimit(width: 8192, height: 8192))
        #expect(media.minimumConfinement == .limits)
        #expect(jobs.heartbeat == .seconds(10))
    }

    @Test("each key is loaded with its value and where it was written") func keysTellTheirOrigin() throws {
        let keys = try SampleProfile.decode(overrides: ["http.port=0"]).keys
        let byPath = Dictionary(uniqueKeysWithValues: keys.map { ($0.path, $0) })
        #expect(byPath["http.port"]?.value == "0")
        #expect(byPath["http.port"]?.origin == .argument("--set http.port"))
        #expect(byPath["http.host"]?.origin == .file(line: 9, column: 3))
        #expect(byPath["jobs.table.heartbeat"]?.value == "10s")
        #expect(byPath["jobs.table.heartbeat"]?.origin == nil)
        #expect(byPath["playback.signingKey"]?.value == "file:data/secrets/playback-signing.key (redacted)")
    }

    @Test("the documentation names each key once, with a sentence") func keysAreDocumented() throws {
        let all = ProfileKeys.all
        #expect(Set(all.map(\.path)).count == all.count)
        #expect(all.allSatisfy { $0.about.hasSuffix(".") && $0.value == nil && $0.origin == nil })
        // All adapters are described; a profile has one of each.
        let chosen = try SampleProfile.decode().keys.map(\.path)
        #expect(all.map(\.path).filter(Set(chosen).contains) == chosen)
        let port = try #require(all.first { $0.path == "http.port" })
        #expect(port.description == "http.port (integer, 0 to 65535): Port to listen on; 0 takes a free one.")
    }
}
