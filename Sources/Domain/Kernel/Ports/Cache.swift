/// Values that may vanish at any time; never the only copy of anything.
package protocol Cache: Sendable {
    /// Nil if absent or expired.
    func get(_ key: String) async throws -> [UInt8]?

    /// Stores for at most `lifetime`; the store may drop it earlier to keep its bound.
    func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws

    /// Stores only if absent; true if it did. Two racing callers never both get true.
    func setIfAbsent(_ key: String, _ value: [UInt8], lifetime: Duration) async throws -> Bool

    func remove(_ key: String) async throws
}
