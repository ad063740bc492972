import Kernel

@testable import Postgres
@testable import Relational

/// Random numbers that are the same in every run.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

extension SQLConnection {
    /// Rows of literal SQL in the body's transaction; ends a body that was thought to make do without one.
    func rows(_ sql: String) throws -> [[String?]] {
        guard let transaction = self as? PostgresTransaction else {
            try script(sql)
            return []
        }
        return try transaction.rows(sql)
    }
}

/// The failure with which `body` ends; nil if it succeeds.
func failure(of body: () async throws -> Void) async -> Failure? {
    do {
        try await body()
        return nil
    } catch {
        return .wrapping(error)
    }
}

extension Failure {
    var postgres: PostgresError? { cause as? PostgresError }
}
