import Kernel
import Testing

/// What every `Cache` promises.
@Suite struct CacheContract {
    private static let minute = Duration.seconds(60)

    @Test(arguments: CacheAdapter.all)
    func `a value is got until it is replaced or removed`(_ adapter: CacheAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.cache.get("k") == nil)
            try await stage.cache.set("k", [1, 0, 255], lifetime: Self.minute)
            #expect(try await stage.cache.get("k") == [1, 0, 255])
            try await stage.cache.set("k", [], lifetime: Self.minute)
            #expect(try await stage.cache.get("k") == [])
            #expect(try await stage.cache.get("K") == nil)
            try await stage.cache.remove("k")
            try await stage.cache.remove("k")
            #expect(try await stage.cache.get("k") == nil)
        }
    }

    @Test(arguments: CacheAdapter.all)
    func `an expired value is absent`(_ adapter: CacheAdapter) async throws {
        try await adapter.run { stage in
            try await stage.cache.set("short", [1], lifetime: .milliseconds(200))
            try await stage.cache.set("long", [2], lifetime: Self.minute)
            try await stage.pass(.milliseconds(250))
            #expect(try await stage.cache.get("short") == nil)
            #expect(try await stage.cache.get("long") == [2])
        }
    }

    @Test(arguments: CacheAdapter.all)
    func `setting again starts the lifetime anew`(_ adapter: CacheAdapter) async throws {
        try await adapter.run { stage in
            try await stage.cache.set("k", [1], lifetime: .milliseconds(200))
            try await stage.cache.set("k", [2], lifetime: Self.minute)
            try await stage.pass(.milliseconds(250))
            #expect(try await stage.cache.get("k") == [2])
        }
    }

    @Test(arguments: CacheAdapter.all)
    func `only an absent value is set if absent`(_ adapter: CacheAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.cache.setIfAbsent("k", [1], lifetime: Self.minute))
            #expect(try await !stage.cache.setIfAbsent("k", [2], lifetime: Self.minute))
            #expect(try await stage.cache.get("k") == [1])
            try await stage.pass(Self.minute + .milliseconds(50))
            #expect(try await stage.cache.setIfAbsent("k", [3], lifetime: Self.minute))
            #expect(try await stage.cache.get("k") == [3])
            try await stage.cache.remove("k")
            #expect(try await stage.cache.setIfAbsent("k", [4], lifetime: Self.minute))
        }
    }

    @Test(arguments: CacheAdapter.all)
    func `of racing callers one sets if absent`(_ adapter: CacheAdapter) async throws {
        try await adapter.run { stage in
            for round in 0..<50 {
                let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for caller in 0..<8 {
                        group.addTask {
                            try await stage.cache.setIfAbsent(
                                "\(round)", [UInt8(caller)], lifetime: Self.minute)
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(winners == 1)
            }
        }
    }

    @Test(arguments: CacheAdapter.all)
    func `a value is replaced only while it is the one that was seen`(_ adapter: CacheAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await !stage.cache.replace("k", [1], with: [2], lifetime: Self.minute), "absent")
            #expect(try await stage.cache.replace("k", nil, with: [1], lifetime: Self.minute))
            #expect(try await !stage.cache.replace("k", [], with: [2], lifetime: Self.minute))
            #expect(try await stage.cache.replace("k", [1], with: [0, 13, 10, 255], lifetime: Self.minute))
            #expect(try await stage.cache.get("k") == [0, 13, 10, 255])
            #expect(try await !stage.cache.replace("k", [1], with: [2], lifetime: Self.minute))
            #expect(try await stage.cache.replace("k", [0, 13, 10, 255], with: [], lifetime: Self.minute))
            #expect(try await stage.cache.get("k") == [])
            try await stage.pass(Self.minute + .milliseconds(50))
            #expect(try await !stage.cache.replace("k", [], with: [2], lifetime: Self.minute), "expired")
        }
    }

    @Test(arguments: CacheAdapter.all)
    func `of racing callers who count none is lost`(_ adapter: CacheAdapter) async throws {
        try await adapter.run { stage in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var done = 0
                        while done < 10 {
                            let seen = try await stage.cache.get("n")
                            let next = [(seen?.first ?? 0) + 1]
                            if try await stage.cache.replace("n", seen, with: next, lifetime: Self.minute) {
                                done += 1
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await stage.cache.get("n") == [40])
        }
    }

    @Test(arguments: CacheAdapter.all)
    func `values beyond the bound are dropped, not refused`(_ adapter: CacheAdapter) async throws {
        try await adapter.run { stage in
            let value = [UInt8](repeating: 1, count: 10_000)
            for number in 0..<300 { try await stage.cache.set("\(number)", value, lifetime: Self.minute) }
            for number in 0..<300 {
                if let found = try await stage.cache.get("\(number)") { #expect(found == value) }
            }
        }
    }
}
