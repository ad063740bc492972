import Kernel
import Testing

/// What every `ObjectStore` promises to readers.
@Suite struct ObjectStoreReadingContract {
    @Test(arguments: ObjectStoreAdapter.all)
    func `who reads the former bytes reads them to their end`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            let former = sampleBytes(3_000_000)
            try await stage.store.put("k", former)
            let object = try #require(try await stage.store.get("k", range: nil))
            try await stage.store.put("k", sampleBytes(3_000_000, seed: 2))
            try await stage.store.put("k", sampleBytes(3_000_000, seed: 3))
            try await stage.store.delete(prefix: "k")
            #expect(try await object.allBytes() == former)
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `readers during writes see one write whole`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            guard stage.abilities.contains(.undisturbedReaders) else { return }
            let store = stage.store
            try await store.put("k", sampleBytes(1000, seed: 1))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 1...3 {
                    group.addTask {
                        for _ in 0..<20 { try await store.put("k", sampleBytes(1000 * writer, seed: writer)) }
                    }
                }
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<100 {
                            let object = try #require(try await store.get("k", range: nil))
                            let writer = Int(object.stat.bytes) / 1000
                            #expect(try await object.allBytes() == sampleBytes(1000 * writer, seed: writer))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `ranges are clamped to the end`(_ adapter: ObjectStoreAdapter) async throws {
        let cases: [(ByteRange, Range<Int>)] = [
            (.from(0), 0..<300_000), (.from(299_999), 299_999..<300_000), (.span(0, 0), 0..<1),
            (.span(131_071, 131_072), 131_071..<131_073), (.span(5, 900_000), 5..<300_000),
            (.span(7, .max), 7..<300_000), (.last(1), 299_999..<300_000), (.last(.max), 0..<300_000),
        ]
        try await adapter.run { stage in
            let bytes = sampleBytes(300_000)
            try await stage.store.put("k", bytes)
            for (range, expected) in cases {
                let object = try #require(try await stage.store.get("k", range: range))
                #expect(object.range == Int64(expected.lowerBound)..<Int64(expected.upperBound))
                #expect(object.stat.bytes == 300_000)
                #expect(try await object.allBytes() == Array(bytes[expected]))
            }
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `a range beyond the end is refused`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            try await stage.store.put("k", sampleBytes(10))
            for range in [ByteRange.from(10), .from(.max), .from(-1), .span(10, 12), .span(5, 4), .last(0)] {
                #expect(
                    await failureCode { _ = try await stage.store.get("k", range: range) } == "invalid_range")
            }
        }
    }

    @Test(arguments: ObjectStoreAdapter.all)
    func `a body can be left half way or not read at all`(_ adapter: ObjectStoreAdapter) async throws {
        try await adapter.run { stage in
            try await stage.store.put("k", sampleBytes(2_000_000))
            for _ in 0..<300 {
                _ = try await stage.store.get("k", range: nil)
                let object = try #require(try await stage.store.get("k", range: nil))
                for try await _ in object.body { break }
            }
            #expect(try await stage.store.bytes("k")?.count == 2_000_000)
        }
    }
}
