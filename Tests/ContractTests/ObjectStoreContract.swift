import Foundation
import Kernel
import Testing

/// What every `ObjectStore` promises about keys and writing.
@Suite struct ObjectStoreContract {
    @Test(arguments: ObjectStoreAdapter.all)
    func `what was put is got, with what was said of it`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let bytes = sampleBytes(700_001)
            let before = Timestamp.now()
            let put = try await stage.store.put("videos/a/source", bytes, type: "video/webm")
            #expect(put.bytes == 700_001)
            #expect(put.contentType == "video/webm")
            #expect(!put.etag.isEmpty && !put.etag.contains("\""))
            #expect(put.modified >= before - .seconds(2) && put.modified <= .now() + .seconds(2))
            #expect(try await stage.store.stat("videos/a/source")?.isSame(as: put) == true)
            let object = try #require(try await stage.store.get("videos/a/source", range: nil))
            #expect(object.stat.isSame(as: put))
            #expect(object.range == 0..<700_001)
            #expect(try await object.allBytes() == bytes)
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `an object may be empty`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let stat = try await stage.store.put("empty", [])
            #expect(stat.bytes == 0)
            #expect(try await stage.store.bytes("empty") == [])
            #expect(
                await failureCode { _ = try await stage.store.get("empty", range: .from(0)) }
                    == "invalid_range")
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `absent objects are nil, and only materialising them fails`(_ adapter: ObjectStoreAdapter)
        async throws
    {
        try await adapter.run { stage in
            try await stage.store.put("there/is", [1])
            for key in ["none", "there", "there/is/not"] {
                #expect(try await stage.store.get(key, range: nil) == nil)
                #expect(try await stage.store.get(key, range: .from(10)) == nil)
                #expect(try await stage.store.stat(key) == nil)
                let path = stage.folder + "/copy"
                #expect(await failureCode { try await stage.store.materialise(key, at: path) } == "not_found")
            }
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `keys of other characters or shapes are refused everywhere`(_ adapter: ObjectStoreAdapter)
        async throws
    {
        let long = String(repeating: "k/", count: 256) + "k"
        let keys = [
            "", "a b", "ä", "a~", "a\\b", "a\0b", "a:b", ".", "..", "../a", "a/../b", "a/./b", "a/..", "/a",
            "a/", "a//b",
            long, String(repeating: "k", count: 201),
        ]
        try await adapter.run { stage in
            for key in keys {
                #expect(await failureCode { try await stage.store.put(key, [1]) } == "invalid_key", "\(key)")
                #expect(await failureCode { _ = try await stage.store.get(key, range: nil) } == "invalid_key")
                #expect(await failureCode { _ = try await stage.store.stat(key) } == "invalid_key")
                let path = stage.folder + "/copy"
                #expect(
                    await failureCode { try await stage.store.materialise(key, at: path) } == "invalid_key")
            }
            let keys = try await stage.store.list(prefix: "", after: nil, limit: 10)
            #expect(keys == [])
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `keys up to their limits are taken`(_ adapter: ObjectStoreAdapter) async throws {
        let every = [
            "k", "...", ".a", "a..b", "A-Z_a.z/0", String(repeating: "k", count: 200),
            String(repeating: "k/", count: 255) + "kk",
        ]
        try await adapter.run { stage in
            let keys = stage.possible(every)
            for (seed, key) in keys.enumerated() {
                try await stage.store.put(key, sampleBytes(10, seed: seed))
            }
            for (seed, key) in keys.enumerated() {
                #expect(try await stage.store.bytes(key) == sampleBytes(10, seed: seed))
            }
            #expect(try await stage.store.list(prefix: "", after: nil, limit: 10) == keys.sorted())
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `one key may begin another`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let keys = stage.possible(["a", "a/b", "a/b/c", "ab"])
            for (seed, key) in keys.enumerated() { try await stage.store.put(key, [UInt8(seed)]) }
            for (seed, key) in keys.enumerated() {
                #expect(try await stage.store.bytes(key) == [UInt8(seed)])
            }
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `a body of another length stores nothing`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let bytes = sampleBytes(5000)
            try await stage.store.put("kept", [7])
            for length: Int64 in [4999, 5001, 0, -1] {
                for key in ["new", "kept"] {
                    let code = await failureCode {
                        let body = ChunkedBody(bytes)
                        _ = try await stage.store.put(key, body: body, length: length, contentType: "a/b")
                    }
                    #expect(code == "part_mismatch")
                }
            }
            #expect(try await stage.store.list(prefix: "", after: nil, limit: 10) == ["kept"])
            #expect(try await stage.store.bytes("kept") == [7])
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `a body that breaks off stores nothing`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let code = await failureCode {
                let body = ChunkedBody(sampleBytes(5000), breaksOff: true)
                _ = try await stage.store.put("new", body: body, length: 5000, contentType: "a/b")
            }
            #expect(code == "part_mismatch")
            let stat = try await stage.store.stat("new")
            #expect(stat == nil)
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `a cancelled put stores nothing`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                try await stage.store.put("new", sampleBytes(5000))
            }
            task.cancel()
            #expect(await failureCode { _ = try await task.value } == "cancelled")
            let stat = try await stage.store.stat("new")
            #expect(stat == nil)
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `equal bytes keep the etag and other bytes change it`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let first = try await stage.store.put("k", sampleBytes(100))
            let same = try await stage.store.put("k", sampleBytes(100))
            let other = try await stage.store.put("k", sampleBytes(100, seed: 2))
            #expect(first.etag == same.etag)
            #expect(first.etag != other.etag)
            let path = stage.folder + "/file"
            try Data(sampleBytes(100)).write(to: URL(filePath: path))
            #expect(try await stage.store.put("k", movingFile: path, contentType: "a/b").etag == first.etag)
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `writing again replaces bytes, length and type`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            for round in 1...5 {
                let bytes = sampleBytes(round * 1000, seed: round)
                try await stage.store.put("k", bytes, type: "type/\(round)")
                #expect(try await stage.store.bytes("k") == bytes)
                #expect(try await stage.store.stat("k")?.contentType == "type/\(round)")
            }
            #expect(try await stage.store.list(prefix: "", after: nil, limit: 10) == ["k"])
        }
    }
}
