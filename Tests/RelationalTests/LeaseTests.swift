import Kernel
import Relational
import TestDatabase
import Testing

@Suite struct LeaseTests {
    @Test func `a lease has one holder, who may extend it`() async throws {
        try await TestDatabase.with { file async throws in
            let clock = ManualClock()
            let leases = Leases(file.database { clock.now })
            #expect(try await leases.acquire("sweep", owner: "a", lifetime: .seconds(10)) == 1)
            #expect(try await leases.acquire("sweep", owner: "b", lifetime: .seconds(10)) == nil)
            clock.advance(by: .seconds(6))
            #expect(try await leases.acquire("sweep", owner: "a", lifetime: .seconds(10)) == 1)
            clock.advance(by: .seconds(6))
            #expect(try await leases.acquire("sweep", owner: "b", lifetime: .seconds(10)) == nil)
            #expect(try await leases.acquire("other", owner: "b", lifetime: .seconds(10)) == 1)
        }
    }

    @Test func `each new holding has a greater fence`() async throws {
        try await TestDatabase.with { file async throws in
            let clock = ManualClock()
            let leases = Leases(file.database { clock.now })
            #expect(try await leases.acquire("sweep", owner: "a", lifetime: .seconds(10)) == 1)
            clock.advance(by: .seconds(10))
            #expect(try await leases.acquire("sweep", owner: "b", lifetime: .seconds(10)) == 2)
            clock.advance(by: .seconds(11))
            #expect(try await leases.acquire("sweep", owner: "b", lifetime: .seconds(10)) == 3)
        }
    }

    @Test func `only the holder lets go`() async throws {
        try await TestDatabase.with { file async throws in
            let clock = ManualClock()
            let leases = Leases(file.database { clock.now })
            #expect(try await leases.acquire("sweep", owner: "a", lifetime: .seconds(10)) == 1)
            try await leases.release("sweep", owner: "b")
            #expect(try await leases.acquire("sweep", owner: "b", lifetime: .seconds(10)) == nil)
            try await leases.release("sweep", owner: "a")
            #expect(try await leases.acquire("sweep", owner: "b", lifetime: .seconds(10)) == 2)
        }
    }

    @Test func `of many that ask at once one gets it`() async throws {
        try await TestDatabase.with { file async throws in
            let leases = Leases(file.database())
            let fences = try await withThrowingTaskGroup(of: Int64?.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await leases.acquire("sweep", owner: "\(number)", lifetime: .seconds(60))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(fences.compactMap(\.self) == [1])
        }
    }
}
