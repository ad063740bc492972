import Kernel
import NIOCore
import NIOHTTP1

extension S3ObjectStore {
    /// Deletions at once where the store knows no batches.
    private static let deletionsAtOnce = 8
    /// The most that one batch may have.
    private static let batch = 1000

    /// One pass through the keys in their order: what is written behind it meanwhile stays.
    package func delete(prefix: String) async throws {
        let prefix = try ObjectPrefix(prefix)
        try prefix.requireSome()
        var last: String?
        while true {
            let keys = try await list(prefix: prefix.text, after: last, limit: Self.batch)
            guard let final = keys.last else { return }
            try await delete(keys.map(stored))
            guard keys.count == Self.batch else { return }
            last = final
        }
    }

    private func delete(_ keys: [String]) async throws(Failure) {
        if keys.count == 1 { return try await deleteEach(keys) }
        do {
            try await deleteBatch(keys)
        } catch {
            guard error.answered?.isUnsupported == true else { throw error }
            try await deleteEach(keys)
        }
    }

    private func deleteBatch(_ keys: [String]) async throws(Failure) {
        let objects = keys.map { "<Object><Key>\($0.escapedForXML)</Key></Object>" }.joined()
        var request = S3Request(method: .POST, query: [("delete", "")])
        request.body = S3Request.document("<Delete><Quiet>true</Quiet>\(objects)</Delete>")
        let reply = try await client.call(request)
        guard reply.body.readableBytes > 0 else { return }
        // One that is gone already is fine; others are tried one by one, which tells what is the matter.
        let refused = try reply.document().all("Error").filter { $0.text(of: "Code") != "NoSuchKey" }
        try await deleteEach(refused.compactMap { $0.text(of: "Key") })
    }

    private func deleteEach(_ keys: [String]) async throws(Failure) {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, key) in keys.enumerated() {
                    if index >= Self.deletionsAtOnce { try await group.next() }
                    group.addTask { try await self.deleteOne(key) }
                }
                try await group.waitForAll()
            }
        } catch {
            throw .wrapping(error)
        }
    }

    private func deleteOne(_ key: String) async throws(Failure) {
        _ = try await absentAsNil { () async throws(Failure) in
            try await client.call(S3Request(method: .DELETE, key: key))
        }
    }
}
