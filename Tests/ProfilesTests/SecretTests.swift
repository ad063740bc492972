import Crypto
import Foundation
import Kernel
import Testing

@testable import Profiles

@Suite struct SecretTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func failure(
        _ reference: SecretReference, _ kind: SecretKind = .symmetricKey, createMissing: Bool = false,
        environment: [String: String] = [:]
    ) -> String? {
        let told = reference.problem(kind, createMissing: createMissing, environment: environment)
        do throws(Failure) {
            _ = try reference.resolve(kind, createMissing: createMissing, environment: environment)
            #expect(told == nil)
        } catch {
            #expect(error.code == "secret_unusable")
            #expect((told == nil) == false)
        }
        return told
    }

    @Test(
        "a missing file is made once, for its owner only", arguments: [SecretKind.symmetricKey, .signingKey])
    func creation(kind: SecretKind) throws {
        let path = folder.path + "/deep/secrets/key"
        let first = try SecretReference.file(path).resolve(kind, createMissing: true)
        let second = try SecretReference.file(path).resolve(kind, createMissing: false)
        #expect(first.symmetricKey == second.symmetricKey)
        #expect(try TemporaryFolder.mode(of: path) == 0o600)
        #expect(try TemporaryFolder.mode(of: folder.path + "/deep/secrets") == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/deep/secrets") == ["key"])
    }

    @Test("the signing key is an Ed25519 key that survives a restart") func signingKey() throws {
        let reference = SecretReference.file(folder.path + "/key")
        let made = try reference.resolve(.signingKey, createMissing: true).signingKey()
        let read = try reference.resolve(.signingKey, createMissing: false).signingKey()
        let signature = try made.signature(for: Array("hello".utf8))
        #expect(read.publicKey.isValidSignature(signature, for: Array("hello".utf8)))
        #expect(Data(base64Encoded: try content("key")) == made.rawRepresentation)
    }

    @Test("many who start at once agree on one key") func race() async throws {
        for round in 0..<20 {
            let reference = SecretReference.file("\(folder.path)/race\(round)/key")
            let keys = try await withThrowingTaskGroup(of: SymmetricKey.self) { group in
                for _ in 0..<16 {
                    group.addTask { @concurrent in
                        try reference.resolve(.symmetricKey, createMissing: true).symmetricKey
                    }
                }
                return try await group.reduce(into: [SymmetricKey]()) { $0.append($1) }
            }
            #expect(keys.allSatisfy { $0 == keys[0] })
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/race\(round)") == ["key"])
        }
    }

    @Test("checking a profile makes nothing") func checkMakesNothing() throws {
        let reference = SecretReference.file(folder.path + "/secrets/key")
        #expect(reference.problem(.symmetricKey, createMissing: true) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        _ = try SampleProfile.decode(
            overrides: Self.references.map { "\($0)=\(reference)" } + ["secrets.createMissing=true"],
            environment: [:])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("a file that others can read is refused", arguments: [0o640, 0o604, 0o644, 0o666, 0o610])
    func openFiles(mode: Int) throws {
        let path = try folder.write("key", #require(SecretKind.symmetricKey.makeText()), mode: mode)
        let octal = String(mode, radix: 8)
        #expect(
            failure(.file(path)) == "file \(path) is open to others (mode 0\(octal)); run: chmod 600 \(path)")
    }

    @Test("nothing is made in a folder that others can write to") func openFolders() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
        let complaint = failure(.file(folder.path + "/key"), createMissing: true)
        #expect(complaint?.hasPrefix("others may write to folder \(folder.path)") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("a file that is missing, odd or holds no key is refused") func badFiles() throws {
        let missing = folder.path + "/missing"
        #expect(
            failure(.file(missing)) == "file \(missing) does not exist, and secrets.createMissing is false")
        #expect(failure(.file(folder.path)) == "file \(folder.path) is not a regular file")
        let short = try folder.write("short", "c2hvcnQ\n")
        #expect(failure(.file(short)) == "file \(short) does not hold at least 32 bytes in base64url")
        let key = try folder.write("words", "not a key at all, but a sentence of some length")
        #expect(
            failure(.file(key), .signingKey)
                == "file \(key) does not hold an Ed25519 private key of 32 bytes in base64")
        let large = try folder.write("large", String(repeating: "A", count: 100_000))
        #expect(failure(.file(large)) == "file \(large) is too large for a secret")
        #expect(failure(.file("\(short)/key"), createMissing: true)?.contains("Not a directory") == true)
    }

    @Test("a variable holds the secret, or is told to be missing") func variables() throws {
        let text = try #require(SecretKind.symmetricKey.makeText())
        #expect(failure(.env("KEY"), environment: ["KEY": text]) == nil)
        #expect(failure(.env("KEY"), environment: [:]) == "environment variable KEY is not set")
        #expect(failure(.env("KEY"), environment: ["KEY": ""]) == "environment variable KEY is not set")
        let complaint = failure(.env("KEY"), environment: ["KEY": "hunter2"])
        #expect(complaint == "environment variable KEY does not hold at least 32 bytes in base64url")
    }

    @Test("all missing secrets of a profile are told, at their keys") func allAtOnce() throws {
        let open = try folder.write("open", #require(SecretKind.symmetricKey.makeText()), mode: 0o644)
        let text = try SampleProfile.edited([
            ("file:data/secrets/object-signing.key", "env:OBJECT_KEY"),
            ("file:data/secrets/token-signing.key", "file:\(folder.path)/none"),
            ("file:data/secrets/playback-signing.key", "file:\(open)"),
        ])
        #expect(
            SampleProfile.complaint(text, environment: [:]) == """
                profiles/sample.yaml:39:5: objects.files.signingKey: environment \
                variable OBJECT_KEY is not set
                profiles/sample.yaml:80:3: identity.tokenKey: file \(folder.path)/none does not exist, \
                and secrets.createMissing is false
                profiles/sample.yaml:116:3: playback.signingKey: file \(open) is open to others (mode 0644); \
                run: chmod 600 \(open)
                """)
    }

    @Test("one to four public keys stand between commas") func verifyingKeys() throws {
        let keys = (0..<5).map { _ in Curve25519.Signing.PrivateKey().publicKey }
        let texts = keys.map { $0.rawRepresentation.base64EncodedString() }
        for count in 1...4 {
            let list = texts.prefix(count).joined(separator: ", ")
            let secret = try SecretReference.env("KEYS").resolve(
                .verifyingKeys, createMissing: false, environment: ["KEYS": list])
            let read = try secret.verifyingKeys().map(\.rawRepresentation)
            #expect(read == keys.prefix(count).map(\.rawRepresentation))
        }
        for bad in [texts.joined(separator: ","), texts[0] + ",", "", texts[0].dropLast(4) + "", "hunter2"] {
            #expect(failure(.env("KEYS"), .verifyingKeys, environment: ["KEYS": bad]) != nil, "\(bad)")
        }
        let none = SecretReference.file(folder.path + "/none")
        #expect(none.problem(.verifyingKeys, createMissing: true)?.contains("nobody but its issuer") == true)
    }

    @Test(
        "a secret is asked of the roles that use it alone",
        arguments: [
            (ProcessRole.gateway, "signingKey", "env:GATEWAY_KEY"), (.api, "trustedKeys", "env:GATEWAY_KEYS"),
            (.worker, "", ""),
        ])
    func needOfRoles(role: ProcessRole, key: String, reference: String) throws {
        let services = "{tokens: {signingKey: env:GATEWAY_KEY, trustedKeys: env:GATEWAY_KEYS}}"
        let complaint = SampleProfile.complaint(
            overrides: ["services=\(services)", "secrets={createMissing: true}"], roles: [role],
            environment: [:])
        guard !key.isEmpty else {
            #expect(complaint == "accepted")
            return
        }
        #expect(complaint.contains("services.tokens.\(key): environment variable"))
        #expect(
            complaint.contains("services.tokens.") && complaint.split(separator: "\n").count == 1,
            "\(complaint)")
    }

    @Test(
        "a reference is file: or env: and a name",
        arguments: [
            ("file:a/b", true), ("file:/a", true), ("env:A_1", true), ("env:1A", false), ("env:", false),
            ("env:A-B", false), ("file:", false), ("file:a/", false), ("hunter2", false), ("file: a", false),
            ("File:a", false), ("env:A\n", false),
        ])
    func references(text: String, isValid: Bool) {
        #expect((SecretReference(text) != nil) == isValid)
        #expect(SecretReference(text).map(\.description) == (isValid ? text : nil))
    }

    private static let references = ["objects.files.signingKey", "identity.tokenKey", "playback.signingKey"]

    private func content(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
