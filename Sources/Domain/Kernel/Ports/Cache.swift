/// Values that may vanish at any time; never the only copy of anything.
package protocol Cache: Sendable {
    /// Nil if absent or expired.
    func get(_ key: String) async throws -> [UInt8]?

    /// Stores for at most `lifetime`; the store may drop it earlier to keep its bound.
    func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws

    /// Stores only while `expected` is what `get` gives; true if it did. Two racing callers never both get true.
    func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool

    func remove(_ key: String) async throws
}

extension Cache {
    /// Stores only if absent; true if it did.
    package func setIfAbsent(_ key: String, _ value: [UInt8], lifetime: Duration) async throws -> Bool {
        try await replace(key, nil, with: value, lifetime: lifetime)
    }
}
