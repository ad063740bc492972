import Kernel

/// Stands in where another process's values must never be older ones of this process: it is away as well.
package struct AbsentCache: Cache {
    private static var absence: Failure { .unavailable("The shared cache") }

    package init() {}

    package func get(_ key: String) async throws -> [UInt8]? { throw Self.absence }
    package func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws { throw Self.absence }
    package func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool { throw Self.absence }
    /// Nothing is kept here that could be found again.
    package func remove(_ key: String) async throws {}
}
