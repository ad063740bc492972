package import Kernel
import Synchronization

/// A cache in this process.
package final class MemoryCache: Cache {
    fileprivate struct Entry: Sendable {
        let value: [UInt8]
        let expiry: Timestamp
    }

    private let entries: Mutex<LRUTable<Entry>>
    private let now: @Sendable () -> Timestamp

    /// Holds at most `maximumEntries`, and `maximumBytes` of keys and values; a larger value is not kept at
    /// all.
    package init(
        maximumEntries: Int, maximumBytes: Int, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        entries = Mutex(LRUTable(maximumEntries: maximumEntries, maximumBytes: maximumBytes))
        self.now = now
    }

    package func get(_ key: String) async throws -> [UInt8]? {
        let time = now()
        return entries.withLock { $0.live(key, at: time)?.value }
    }

    package func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        let entry = Entry(value: value, expiry: now() + lifetime)
        entries.withLock { _ = $0.set(entry, bytes: key.utf8.count + value.count, for: key) }
    }

    package func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool {
        let time = now()
        let entry = Entry(value: value, expiry: time + lifetime)
        return entries.withLock { entries in
            guard entries.live(key, at: time)?.value == expected else { return false }
            return entries.set(entry, bytes: key.utf8.count + value.count, for: key)
        }
    }

    package func remove(_ key: String) async throws {
        entries.withLock { $0.remove(key) }
    }
}

extension LRUTable<MemoryCache.Entry> {
    /// The entry, unless it has expired.
    fileprivate mutating func live(_ key: String, at time: Timestamp) -> MemoryCache.Entry? {
        guard let entry = value(for: key) else { return nil }
        if time < entry.expiry { return entry }
        remove(key)
        return nil
    }
}
