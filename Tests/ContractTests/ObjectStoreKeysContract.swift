import Foundation
import Kernel
import Testing

/// What every `ObjectStore` promises of many keys, and of local files.
@Suite struct ObjectStoreKeysContract {
    private static let every = [
        "a", "a-b", "a-b/c", "a.b", "a/b", "a/b-c", "a/b/c", "a/b0", "a0", "aB", "b/1", "b/10", "b/2", "c",
    ]

    /// Asks page by page.
    private func listed(
        _ store: any ObjectStore, _ prefix: String, after: String? = nil, pages: Int
    ) async throws -> [String] {
        var keys: [String] = []
        var last = after
        while true {
            let page = try await store.list(prefix: prefix, after: last, limit: pages)
            #expect(page.count <= pages)
            keys += page
            guard page.count == pages, let final = page.last else { return keys }
            last = final
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `keys are listed in byte order, whatever the page`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let keys = stage.possible(Self.every)
            for key in keys.shuffled() { try await stage.store.put(key, [1]) }
            let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for pages in [1, 2, 3, 13, 14, 15, 1000] {
                #expect(try await listed(stage.store, "", pages: pages) == sorted)
            }
            #expect(try await stage.store.list(prefix: "", after: nil, limit: 0) == [])
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `a prefix may end within a component`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let keys = stage.possible(Self.every)
            for key in keys { try await stage.store.put(key, [1]) }
            let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for prefix in ["", "a", "a/", "a/b", "a/b/", "a-", "b/1", "b/10", "c", "c/", "d", "a.", "."] {
                let expected = sorted.filter { $0.hasPrefix(prefix) }
                #expect(try await listed(stage.store, prefix, pages: 2) == expected, "\(prefix)")
            }
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `a list starts behind any text`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let keys = stage.possible(Self.every)
            for key in keys { try await stage.store.put(key, [1]) }
            let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for after in sorted + ["", "a/", "a/b/", "a/b/b", "a/b/d", "a~", "zzz", "b", "b/1/x"] {
                let expected = sorted.filter { after.utf8.lexicographicallyPrecedes($0.utf8) }
                #expect(try await listed(stage.store, "", after: after, pages: 5) == expected, "\(after)")
                let inA = expected.filter { $0.hasPrefix("a/") }
                #expect(try await listed(stage.store, "a/", after: after, pages: 5) == inA, "\(after)")
            }
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `many keys in one place are listed in order`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let store = stage.store
            let keys = (0..<300).map { "many/\(10_000 + $0 * 7)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in 0..<4 {
                    group.addTask {
                        for key in keys[(part * 75)..<(part * 75 + 75)] { try await store.put(key, [1]) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await listed(store, "many/", pages: 7) == keys)
            #expect(try await listed(store, "", pages: 300) == keys)
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `deleting removes what starts with the prefix and nothing else`(
        _ adapter: ObjectStoreAdapter
    ) async throws {
        for prefix in [
            "a", "a/", "a/b", "a/b/c", "a-b", "b/1", "c", "nothing", "nothing/at/all", "a/b/c/d", ".",
        ] {
            try await adapter.run { stage in
                let keys = stage.possible(Self.every)
                for key in keys { try await stage.store.put(key, [1]) }
                try await stage.store.delete(prefix: prefix)
                try await stage.store.delete(prefix: prefix)
                let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                let expected = sorted.filter { !$0.hasPrefix(prefix) }
                #expect(try await listed(stage.store, "", pages: 100) == expected, "\(prefix)")
                for key in keys {
                    #expect(
                        (try await stage.store.stat(key) != nil) == !key.hasPrefix(prefix), "\(prefix) \(key)"
                    )
                }
                try await stage.store.put("a/b/c", [2])
                #expect(try await stage.store.bytes("a/b/c") == [2])
            }
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `an empty prefix or one that no key has is refused`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            try await stage.store.put("a", [1])
            for prefix in ["", "../", "a/../", "/", "a//", "ä"] {
                #expect(await failureCode { try await stage.store.delete(prefix: prefix) } == "invalid_key")
            }
            #expect(try await stage.store.bytes("a") == [1])
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `writing and deleting at once leaves whole objects`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let store = stage.store
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<3 {
                    group.addTask {
                        for round in 0..<15 {
                            try await store.put("t/\(writer)/\(round % 3)/k", sampleBytes(100))
                        }
                    }
                }
                group.addTask { for _ in 0..<30 { try await store.delete(prefix: "t/") } }
                try await group.waitForAll()
            }
            for key in try await store.list(prefix: "t/", after: nil, limit: 100) {
                #expect(try await store.bytes(key) == sampleBytes(100))
            }
            try await store.delete(prefix: "t/")
            #expect(try await store.list(prefix: "", after: nil, limit: 100) == [])
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `a local file becomes an object`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let path = stage.folder + "/file"
            let bytes = sampleBytes(1_000_000)
            try Data(bytes).write(to: URL(filePath: path))
            let stat = try await stage.store.put("k", movingFile: path, contentType: "video/iso.segment")
            #expect(stat.bytes == 1_000_000)
            #expect(stat.contentType == "video/iso.segment")
            #expect(try await stage.store.stat("k")?.isSame(as: stat) == true)
            #expect(try await stage.store.bytes("k") == bytes)
            let missing = stage.folder + "/missing"
            #expect(
                await failureCode {
                    _ = try await stage.store.put("k2", movingFile: missing, contentType: "a/b")
                } != nil)
            #expect(try await stage.store.stat("k2") == nil)
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `an object becomes a local file, replacing one`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let path = stage.folder + "/copy"
            for seed in 1...2 {
                try await stage.store.put("k", sampleBytes(1_000_000, seed: seed))
                try await stage.store.materialise("k", at: path)
                #expect(
                    [UInt8](try Data(contentsOf: URL(filePath: path))) == sampleBytes(1_000_000, seed: seed))
            }
            try await stage.store.delete(prefix: "k")
            #expect(try Data(contentsOf: URL(filePath: path)).count == 1_000_000)
        }
    }
}
