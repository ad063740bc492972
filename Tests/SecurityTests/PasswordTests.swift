import Crypto
import CryptoExtras
import Foundation
import Kernel
import Security
import Testing

@Suite struct PasswordTests {
    private let hasher = ScryptPasswordHasher(rounds: 16, concurrent: 2)

    @Test(arguments: ["correct horse", "", "ü🦆\u{0}\n", String(repeating: "x", count: 10_000)])
    func `a password matches its own hash and no other does`(_ password: String) async throws {
        let hash = try await hasher.hash(password)
        #expect(try await hasher.verify(password, against: hash))
        for other in [password + " ", password.uppercased() + "X", "other"] {
            #expect(try await !hasher.verify(other, against: hash))
        }
    }

    @Test func `each hash has a salt of its own, and says how it was made`() async throws {
        let first = try await hasher.hash("same")
        let second = try await hasher.hash("same")
        #expect(first != second)
        let parts = first.split(separator: "$")
        #expect(parts.prefix(4).elementsEqual(["scrypt", "16", "8", "1"]))
        #expect(Data(base64Encoded: String(parts[4]))?.count == 16)
        #expect(Data(base64Encoded: String(parts[5]))?.count == 32)
    }

    @Test func `hashes of other strengths still open`() async throws {
        let old = try await ScryptPasswordHasher(rounds: 4, concurrent: 1).hash("pass")
        #expect(try await hasher.verify("pass", against: old))
        #expect(try await !hasher.verify("Pass", against: old))
    }

    /// RFC 7914, section 12.
    @Test func `the published test vector matches`() async throws {
        let key = Data(
            [
                0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00, 0x78, 0x56, 0xe7, 0x19, 0x0d, 0x01, 0xe9,
                0xfe, 0x7c, 0x6a, 0xd7, 0xcb, 0xc8, 0x23, 0x78, 0x30, 0xe7, 0x73, 0x76, 0x63, 0x4b, 0x37,
                0x31, 0x62,
            ] as [UInt8])
        let hash = "scrypt$1024$8$16$\(Data("NaCl".utf8).base64EncodedString())$\(key.base64EncodedString())"
        #expect(try await hasher.verify("password", against: hash))
        #expect(try await !hasher.verify("Password", against: hash))
    }

    @Test func `nobody's hash matches no password, and takes as much work as anybody's`() async throws {
        let hasher = ScryptPasswordHasher(rounds: 1 << 14, concurrent: 1)
        // The least is what the work takes by itself: what waits for a thread only takes longer.
        let work = try (0..<5).map { _ in try Self.time { _ = try Self.derive(rounds: 1 << 14) } }.min()
        let clock = ContinuousClock()
        var times: [Duration] = []
        for _ in 0..<5 {
            let start = clock.now
            #expect(try await !hasher.verify("wrong", against: nil))
            times.append(clock.now - start)
        }
        let (least, nobody) = (try #require(work), try #require(times.min()))
        // A wide bound, because machines are busy; skipping the work would be a thousand times quicker.
        #expect(nobody > least / 3, "\(nobody) against \(least)")
    }

    private static func time(_ body: () throws -> Void) rethrows -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        try body()
        return clock.now - start
    }

    private static func derive(rounds: Int) throws -> SymmetricKey {
        try KDF.Scrypt.deriveKey(
            from: Array("wrong".utf8), salt: Array("salt".utf8), outputByteCount: 32, rounds: rounds,
            blockSize: 8, parallelism: 1, maxMemory: 256 << 20)
    }

    @Test(arguments: [
        "", "plain", "scrypt", "scrypt$16$8$1$AAAA", "bcrypt$16$8$1$AAAA$AAAA", "scrypt$x$8$1$AAAA$AAAA",
        "scrypt$16$8$1$!!!!$AAAA", "scrypt$16$8$1$AAAA$!!!!", "scrypt$16$8$1$AAAA$AAAA$AAAA",
        "scrypt$$8$1$AAAA$AAAA", "scrypt$16$8$1$AAAA$",
    ])
    func `a stored hash that cannot be read is an internal failure`(_ hash: String) async {
        let failure = await #expect(throws: Failure.self) {
            _ = try await hasher.verify("x", against: hash)
        }
        #expect(failure?.kind == .internal)
    }

    @Test func `a hash cut short matches nothing`() async throws {
        let hash = try await hasher.hash("pass")
        let parts = hash.split(separator: "$").map(String.init)
        let short = try #require(Data(base64Encoded: parts[5])).prefix(16).base64EncodedString()
        let cut = (parts.prefix(5) + [short]).joined(separator: "$")
        #expect(try await !hasher.verify("pass", against: cut))
    }

    @Test func `who comes when too many wait is refused, and later ones are served again`() async throws {
        let hasher = ScryptPasswordHasher(rounds: 1 << 12, concurrent: 1)
        let kinds = await withTaskGroup(of: Failure.Kind?.self) { group in
            for _ in 0..<300 {
                group.addTask {
                    do {
                        _ = try await hasher.hash("x")
                        return nil
                    } catch { return (error as? Failure)?.kind }
                }
            }
            return await group.reduce(into: [Failure.Kind?]()) { $0.append($1) }
        }
        #expect(kinds.count { $0 == nil } >= 64)
        #expect(kinds.count { $0 == .overloaded } > 0)
        #expect(kinds.allSatisfy { $0 == nil || $0 == .overloaded })
        _ = try await hasher.hash("x")
    }
}
