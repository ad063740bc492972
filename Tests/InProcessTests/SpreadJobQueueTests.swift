import Kernel
import Relational
import Synchronization
import TestDatabase
import Testing

@testable import InProcess

/// One queue over several databases: whose turn it is, and what becomes of the rest when one is away.
@Suite struct SpreadJobQueueTests {
    @Test func `databases that have jobs are asked in turn`() async throws {
        try await Self.with(3) { stage async throws in
            for index in [0, 2] {
                for number in 0..<3 { try await stage.enqueue("\(index)\(number)", in: index) }
            }
            var keys: [String] = []
            while let job = try await stage.claim() { keys.append(job.key) }
            #expect(keys == ["00", "20", "01", "21", "02", "22"])
            #expect(try await stage.queue.depth(of: "sample").running == 6)
        }
    }

    @Test func `a job is beaten for and ended where it lies, by whoever holds its lease`() async throws {
        try await Self.with(3) { stage async throws in
            try await stage.enqueue("a", in: 1)
            let job = try #require(try await stage.claim())
            // Another process's queue has never heard of it.
            for queue in [stage.queue, stage.again()] {
                #expect(
                    try await queue.heartbeat(job.lease, extend: .seconds(5), checkpoint: [1]) == .goOn)
            }
            #expect(try await stage.again().finish(job.lease, .done))
            #expect(try await stage.queue.finish(job.lease, .done) == false)
            #expect(
                try await stage.queue.heartbeat(job.lease, extend: .seconds(5), checkpoint: nil)
                    == .leaseLost)
        }
    }

    @Test func `one that is away keeps nobody else from working, and is asked again when it is back`()
        async throws
    {
        try await Self.with(3) { stage async throws in
            let tenant = try await stage.enqueue("b", in: 1)
            try await stage.enqueue("a", in: 0)
            stage.members[1].isAway.withLock { $0 = true }
            #expect(try await stage.claim()?.key == "a")
            #expect(try await stage.claim() == nil)
            #expect(try await stage.queue.depth(of: "sample").running == 1)
            // It rests: no worker waits for it again.
            let asked = stage.members[1].claims.withLock { $0 }
            for _ in 0..<5 { #expect(try await stage.claim() == nil) }
            #expect(stage.members[1].claims.withLock { $0 } == asked)
            try await stage.queue.cancel(kind: "sample", key: "a", of: stage.tenant(in: 0))
            await #expect(throws: Failure.self) {
                try await stage.queue.cancel(kind: "sample", key: "b", of: tenant)
            }

            stage.members[1].isAway.withLock { $0 = false }
            let end = ContinuousClock.now + .seconds(20)
            var job: LeasedJob?
            while job == nil, ContinuousClock.now < end {
                job = try await stage.claim()
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(job?.key == "b")
        }
    }

    @Test func `where all are away a claim says so`() async throws {
        try await Self.with(2) { stage async throws in
            for member in stage.members { member.isAway.withLock { $0 = true } }
            for _ in 0..<2 {
                await #expect(throws: Failure.self) { _ = try await stage.claim() }
            }
            await #expect(throws: Failure.self) { _ = try await stage.queue.depth(of: "sample") }
            await #expect(throws: Failure.self) { try await stage.queue.cancel(kind: "sample", key: "a") }
        }
    }

    private static func with(_ count: Int, _ body: (Stage) async throws -> Void) async throws {
        let files = try (0..<count).map { _ in try TestDatabase.open() }
        for file in files { _ = try await Migrator(driver: file.driver).migrate() }
        do {
            try await body(Stage(files.map { Member(TableJobQueue(database: $0.database())) }))
        } catch {
            for file in files { await file.close() }
            throw error
        }
        for file in files { await file.close() }
    }

    /// Tenants tell by their ids in which database they are.
    private struct Stage: Sendable {
        let members: [Member]
        let queue: SpreadJobQueue

        init(_ members: [Member]) {
            self.members = members
            queue = Self.spread(members)
        }

        func again() -> SpreadJobQueue { Self.spread(members) }

        func tenant(in index: Int) -> TenantID { TenantID(UUIDv7(high: UInt64(index), low: 1)) }

        @discardableResult
        func enqueue(_ key: String, in index: Int) async throws -> TenantID {
            let tenant = tenant(in: index)
            #expect(
                try await queue.enqueue(NewJob(kind: "sample", key: key, tenant: tenant, payload: [])))
            return tenant
        }

        func claim() async throws -> LeasedJob? {
            try await queue.claim(["sample"], worker: "w", lease: .seconds(30))
        }

        private static func spread(_ members: [Member]) -> SpreadJobQueue {
            SpreadJobQueue(members) { Int($0.uuid.high) }
        }
    }

    private final class Member: JobQueue {
        let base: TableJobQueue
        let isAway = Mutex(false)
        let claims = Mutex(0)

        init(_ base: TableJobQueue) { self.base = base }

        private func check() throws {
            if isAway.withLock({ $0 }) { throw Failure.unavailable("The database") }
        }

        func enqueue(_ job: NewJob) async throws -> Bool {
            try check()
            return try await base.enqueue(job)
        }

        func claim(_ kinds: [String], worker: String, lease: Duration) async throws -> LeasedJob? {
            claims.withLock { $0 += 1 }
            try check()
            return try await base.claim(kinds, worker: worker, lease: lease)
        }

        func heartbeat(
            _ lease: JobLease, extend: Duration, checkpoint: [UInt8]?
        ) async throws -> JobSignal {
            try check()
            return try await base.heartbeat(lease, extend: extend, checkpoint: checkpoint)
        }

        func finish(_ lease: JobLease, _ outcome: JobOutcome) async throws -> Bool {
            try check()
            return try await base.finish(lease, outcome)
        }

        func cancel(kind: String, key: String) async throws {
            try check()
            try await base.cancel(kind: kind, key: key)
        }

        func depth(of kind: String) async throws -> JobDepth {
            try check()
            return try await base.depth(of: kind)
        }
    }
}
