package import Kernel

/// A remote object store behind its guard. It has no stand-in: bytes are there or they are not.
package struct GuardedObjectStore: ObjectStore {
    private let store: any ObjectStore
    private let guarded: Guarded

    package init(_ store: any ObjectStore, by guarded: Guarded) {
        self.store = store
        self.guarded = guarded
    }

    /// A body can be read once, so this is tried once. It may last as long as its client; the store's own time, from
    /// one piece to asking for the next and behind the last, is under the deadline.
    package func put(
        _ key: String, body: ObjectBody, length: Int64, contentType: String
    ) async throws -> ObjectStat {
        let turn = StreamTurn(time: guarded.time)
        let watched = WatchedBody(body: body, turn: turn)
        return try await whole("put") { [store] in
            try await store.put(key, body: watched, length: length, contentType: contentType)
        } during: { [guarded] in
            try await turn.watch(guarded.settings.deadline, of: guarded.name)
        }
    }

    /// Under the deadline of whole transfers, and tried once: the file may have gone with the first try.
    package func put(_ key: String, movingFile path: String, contentType: String) async throws -> ObjectStat {
        try await whole("put_file") { [store] in
            try await store.put(key, movingFile: path, contentType: contentType)
        }
    }

    /// The head is under the deadline; the body flows at its reader's pace.
    package func get(_ key: String, range: ByteRange?) async throws -> StoredObject? {
        try await guarded.run(guarded.call("get", isIdempotent: true)) { [store] in
            try await store.get(key, range: range)
        }
    }

    package func stat(_ key: String) async throws -> ObjectStat? {
        try await guarded.run(guarded.call("stat", isIdempotent: true)) { [store] in
            try await store.stat(key)
        }
    }

    package func list(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await guarded.run(guarded.call("list", isIdempotent: true)) { [store] in
            try await store.list(prefix: prefix, after: after, limit: limit)
        }
    }

    /// Idempotent, but its time grows with what is there: each attempt may take the whole deadline.
    package func delete(prefix: String) async throws {
        var call = guarded.call("delete", isIdempotent: true)
        call.attemptDeadline = nil
        try await guarded.run(call) { [store] in try await store.delete(prefix: prefix) }
    }

    package func materialise(_ key: String, at path: String) async throws {
        try await whole("materialise") { [store] in try await store.materialise(key, at: path) }
    }

    /// Signed here, without asking the store.
    package func readURL(_ key: String, expiry: Timestamp) throws -> SignedURL? {
        try store.readURL(key, expiry: expiry)
    }

    /// A transfer, tried once. `watch` throws if it stalls; without it, the deadline of whole transfers holds.
    private func whole<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable () async throws -> Value,
        during watch: (@Sendable () async throws -> Void)? = nil
    ) async throws -> Value {
        var call = guarded.call(operation, isIdempotent: false)
        call.attemptDeadline = nil
        call.deadline = watch == nil ? guarded.settings.transferDeadline : nil
        guard let watch else { return try await guarded.run(call, body) }
        return try await guarded.run(call) {
            try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    try await watch()
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let value = first else {
                    throw CancellationError()
                }
                return value
            }
        }
    }
}
