import Kernel
import Search
import Synchronization
import TestDatabase
import TestTime
import Testing

@testable import Profiles

@Suite struct BoundedSearchTests {
    /// Looks that last until they are let go, whether cancelled or not, as those of SQLite do.
    private final class SlowIndex: SearchIndex {
        private struct State {
            var isHeld = true
            var waiting: [CheckedContinuation<Void, Never>] = []
            var looks = 0
        }

        private let state = Mutex(State())

        /// Looks under way.
        var looks: Int { state.withLock { $0.looks } }

        func letGo() {
            let waiting = state.withLock { state in
                state.isHeld = false
                defer { state.waiting = [] }
                return state.waiting
            }
            for waiter in waiting { waiter.resume() }
        }

        private func look() async {
            await withCheckedContinuation { continuation in
                let isHeld = state.withLock { state in
                    state.looks += 1
                    if state.isHeld { state.waiting.append(continuation) }
                    return state.isHeld
                }
                if !isHeld { continuation.resume() }
            }
            state.withLock { $0.looks -= 1 }
        }

        func find(_ query: IndexQuery, in tenant: TenantID) async throws -> [IndexHit] {
            await look()
            return []
        }

        func words(withClues clues: [Int64], limit: Int, in tenant: TenantID) async throws -> [String] {
            await look()
            return ["word"]
        }

        func version(of key: DocumentKey, in tenant: TenantID) async throws -> Int64 { 7 }
        func put(_ document: SearchDocument, over version: Int64, in tenant: TenantID) async throws -> Bool {
            true
        }
        func remove(_ key: DocumentKey, over version: Int64, in tenant: TenantID) async throws -> Bool {
            true
        }
        func keys(after key: DocumentKey?, limit: Int, in tenant: TenantID) async throws -> [DocumentKey] {
            []
        }
        func wipe(_ part: DocumentPart, in tenant: TenantID) async throws {}
        func forgetRemoved(before time: Timestamp) async throws -> Int { 0 }
    }

    private static func settings(waiting: Int, deadline: Duration) -> SearchSettings {
        SearchSettings(concurrentReads: 2, waitingReads: waiting, deadline: deadline)
    }

    private static func words(_ index: BoundedSearchIndex) async -> String {
        do {
            return try await index.words(withClues: [1], limit: 1, in: TenantID()).joined()
        } catch {
            return Failure.wrapping(error).code
        }
    }

    private static func until(_ condition: () -> Bool) async throws {
        try #require(try await eventually(condition))
    }

    @Test("of too many searches some wait and the rest are refused; the index is changed meanwhile")
    func bound() async throws {
        let slow = SlowIndex()
        // Time stands still.
        let time = SimulatedTime()
        let index = BoundedSearchIndex(
            slow, Self.settings(waiting: 1, deadline: .seconds(60)), time: time.source)
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<5 { group.addTask { await Self.words(index) } }
            #expect(try await group.next() == "overloaded")
            #expect(try await group.next() == "overloaded")
            try await Self.until { slow.looks == 2 }
            let key = DocumentKey(.video, UUIDv7())
            #expect(try await index.version(of: key, in: TenantID()) == 7)
            slow.letGo()
            for _ in 0..<3 { #expect(try await group.next() == "word") }
        }
        #expect(slow.looks == 0)
    }

    @Test("who is late is told at once, and holds the place until the look has ended") func deadline()
        async throws
    {
        let slow = SlowIndex()
        let time = SimulatedTime()
        let index = BoundedSearchIndex(
            slow, Self.settings(waiting: 0, deadline: .milliseconds(50)), time: time.source)
        async let first = Self.words(index)
        async let second = Self.words(index)
        try await Self.until { slow.looks == 2 && time.sleeperCount == 2 }
        time.advance(by: .milliseconds(50))
        #expect(await [first, second] == ["timeout", "timeout"])
        #expect(slow.looks == 2)
        #expect(await Self.words(index) == "overloaded")
        #expect(slow.looks == 2)
        slow.letGo()
        try await Self.until { slow.looks == 0 }
        // The place is given back a moment behind the end of the look.
        #expect(try await eventually { await Self.words(index) == "word" })
    }

    @Test("searches leave others a connection") func rule() throws {
        _ = try SampleProfile.decode(overrides: ["search.concurrentReads=3"])
        #expect(throws: (any Error).self) {
            try SampleProfile.decode(overrides: ["search.concurrentReads=4"])
        }
        _ = try SampleProfile.decode(overrides: ["relational.sqlite.readers=1", "search.concurrentReads=1"])
    }
}
