private import Crypto
private import CryptoExtras
private import Foundation
import Identity
import Kernel
private import Synchronization

/// Passwords by scrypt, as `scrypt$N$r$p$salt$hash`; each hash takes tens of milliseconds and 16 MiB by design.
package final class ScryptPasswordHasher: PasswordHasher {
    private static let blockSize = 8
    private static let parallelism = 1
    private static let saltBytes = 16
    private static let hashBytes = 32
    /// Callers that may wait for each one that hashes.
    private static let waitingPerWorker = 64

    private let rounds: Int
    private let capacity: Int
    private let threads: HashThreads
    private let pending = Mutex(0)

    /// `rounds` is scrypt's N, a power of two; `concurrent` bounds memory and cores.
    package init(rounds: Int, concurrent: Int) {
        self.rounds = rounds
        capacity = concurrent * Self.waitingPerWorker
        threads = HashThreads(count: concurrent)
    }

    deinit { threads.close() }

    package func hash(_ password: String) async throws -> String {
        var generator = SystemRandomNumberGenerator()
        let salt = Data((0..<Self.saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        let rounds = rounds
        let key = try await run { try Self.derive(password, salt, rounds, Self.blockSize, Self.parallelism) }
        return
            "scrypt$\(rounds)$\(Self.blockSize)$\(Self.parallelism)$\(salt.base64EncodedString())$\(key.base64EncodedString())"
    }

    package func verify(_ password: String, against hash: String?) async throws -> Bool {
        guard let hash else {
            _ = try await self.hash(password)
            return false
        }
        let parts = hash.split(separator: "$").map(String.init)
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), let block = Int(parts[2]),
            let parallelism = Int(parts[3]), let salt = Data(base64Encoded: parts[4]),
            let expected = Data(base64Encoded: parts[5])
        else { throw Failure(.internal, "password_hash", "A stored password hash is not readable.") }
        let key = try await run { try Self.derive(password, salt, rounds, block, parallelism) }
        return key.count == expected.count && zip(key, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func derive(
        _ password: String, _ salt: Data, _ rounds: Int, _ block: Int, _ parallelism: Int
    ) throws -> Data {
        try KDF.Scrypt.deriveKey(
            from: Array(password.utf8), salt: salt, outputByteCount: hashBytes, rounds: rounds,
            blockSize: block,
            parallelism: parallelism, maxMemory: 256 << 20
        ).withUnsafeBytes { Data($0) }
    }

    private func run(_ work: @escaping @Sendable () throws -> Data) async throws -> Data {
        let isAccepted = pending.withLock { count in
            guard count < capacity else { return false }
            count += 1
            return true
        }
        guard isAccepted else {
            throw Failure(.overloaded, "overloaded", "Too many are logging in at once; try again soon.")
        }
        defer { pending.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            threads.run { continuation.resume(with: Result { try work() }) }
        }
    }
}
