package import Kernel

/// A remote cache with one of this process to stand in for it.
///
/// What is set meanwhile is known to this process alone, and what is removed meanwhile may come back from the remote
/// one until its lifetime ends. `replace` has no stand-in: two processes could both be told that they won.
package struct FallbackCache: Cache {
    private let remote: any Cache
    private let local: any Cache
    private let choice: FallbackSwitch

    /// `local` is bounded by itself.
    package init(_ remote: any Cache, local: any Cache, by choice: FallbackSwitch) {
        self.remote = remote
        self.local = local
        self.choice = choice
    }

    package func get(_ key: String) async throws -> [UInt8]? {
        try await choice.run("get") { [remote] in
            try await remote.get(key)
        } local: {
            try await local.get(key)
        }
    }

    package func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        // What an earlier outage left must not be found in the next one.
        try await choice.run("set") { [remote, local] in
            try await remote.set(key, value, lifetime: lifetime)
            try await local.remove(key)
        } local: {
            try await local.set(key, value, lifetime: lifetime)
        }
    }

    package func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool {
        let name = choice.name
        return try await choice.run("replace") { [remote, local] in
            let isSet = try await remote.replace(key, expected, with: value, lifetime: lifetime)
            try await local.remove(key)
            return isSet
        } local: {
            throw Failure.unavailable(name)
        }
    }

    package func remove(_ key: String) async throws {
        try await local.remove(key)
        try await choice.run("remove") { [remote] in
            try await remote.remove(key)
        } local: {
        }
    }
}
