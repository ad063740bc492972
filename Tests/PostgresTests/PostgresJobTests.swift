import InProcess
import Kernel
import Synchronization
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

/// Jobs of several processes on one server.
@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct PostgresJobTests {
    @Test func `workers of two processes do each job once, also while a transaction stays open elsewhere`()
        async throws
    {
        try await TestPostgres.with { file async throws in
            let drivers = [
                try file.driver(), try file.driver(),
                try file.driver(lookUp: nil) { $0.statementDeadline = .seconds(600) },
            ]
            let queues = drivers.prefix(2).map {
                TableJobQueue(database: Database(driver: $0), settings: .init(fullLook: .seconds(1)))
            }
            // Sees all that is there now, so that nothing of it can be cleared away.
            let holding = Task {
                try await drivers[2].read(.system) { connection in
                    _ = try connection.rows("SELECT count(*) FROM jobs")
                    return try connection.rows("SELECT pg_sleep(300)").count
                }
            }
            let count = 300
            for number in 0..<count {
                let job = NewJob(kind: "k", key: "\(number)", tenant: TenantID(), payload: [])
                #expect(try await queues[number % 2].enqueue(job))
            }
            let left = Countdown(count)
            let keys = try await withThrowingTaskGroup(of: [String].self) { group in
                for worker in 0..<12 {
                    group.addTask { try await Self.work(queues[worker % 2], worker, left) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(keys.count == count)
            #expect(Set(keys).count == count)
            holding.cancel()
            _ = await holding.result
            for driver in drivers { await driver.close() }
        }
    }

    @Test func `a process finds jobs as long as there are any, though others take those that it had seen`()
        async throws
    {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver async throws in
                let clock = ManualClock()
                let queues = (0..<3).map { _ in
                    TableJobQueue(
                        database: Database(driver: driver), settings: .init(fullLook: .seconds(1)),
                        now: { clock.now })
                }
                let count = 150
                for number in 0..<count {
                    let job = NewJob(kind: "k", key: "\(number)", tenant: TenantID(), payload: [])
                    #expect(try await queues[0].enqueue(job))
                    clock.advance(by: .milliseconds(1))
                }
                var keys: Set<String> = []
                for number in 0..<count {
                    let job = try await queues[number % 3].claim(["k"], worker: "w", lease: .seconds(60))
                    keys.insert(try #require(job).key)
                }
                #expect(keys.count == count)
                for queue in queues {
                    #expect(try await queue.claim(["k"], worker: "w", lease: .seconds(60)) == nil)
                }
            }
        }
    }

    @Test func `a job that one process gives back is found by another that has long passed its place`()
        async throws
    {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver async throws in
                let clock = ManualClock()
                let queues = (0..<2).map { _ in
                    TableJobQueue(
                        database: Database(driver: driver), settings: .init(fullLook: .seconds(1)),
                        now: { clock.now })
                }
                for number in 0..<50 {
                    let job = NewJob(kind: "k", key: "\(number)", tenant: TenantID(), payload: [])
                    #expect(try await queues[0].enqueue(job))
                    clock.advance(by: .seconds(1))
                }
                let lease = Duration.seconds(30)
                var taken: [LeasedJob] = []
                for _ in 0..<2 {
                    taken.append(try #require(try await queues[0].claim(["k"], worker: "a", lease: lease)))
                }
                // Its first look takes long by the server's clock, which is not the queue's.
                try await file.own(
                    """
                    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
                        AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END'
                    """)
                try await file.own(
                    "CREATE TRIGGER slow BEFORE UPDATE ON jobs FOR EACH STATEMENT EXECUTE FUNCTION slow()")
                for number in 2..<45 {
                    let job = try await queues[1].claim(["k"], worker: "b", lease: lease * 10)
                    if number == 2 { try await file.own("DROP TRIGGER slow ON jobs") }
                    #expect(job?.key == "\(number)")
                }
                #expect(try await queues[0].finish(taken[0].lease, .handBack))
                clock.advance(by: .seconds(1))
                #expect(try await queues[1].claim(["k"], worker: "b", lease: lease * 10)?.key == "0")
                // The other one's worker falls silent.
                clock.advance(by: lease)
                #expect(try await queues[1].claim(["k"], worker: "b", lease: lease)?.key == "1")
            }
        }
    }

    /// Until all are done, and then until nothing has come for longer than a full look takes to come.
    private static func work(
        _ queue: TableJobQueue, _ worker: Int, _ left: Countdown
    ) async throws -> [String] {
        var keys: [String] = []
        let end = ContinuousClock.now + .seconds(240)
        var idleSince = ContinuousClock.now
        while ContinuousClock.now < end,
            left.count > 0 || ContinuousClock.now - idleSince < .milliseconds(1_500)
        {
            guard let job = try await queue.claim(["k"], worker: "\(worker)", lease: .seconds(60)) else {
                try await Task.sleep(for: .milliseconds(50))
                continue
            }
            keys.append(job.key)
            #expect(try await queue.finish(job.lease, .done))
            #expect(try await queue.finish(job.lease, .done) == false)
            left.lower()
            idleSince = .now
        }
        return keys
    }

    @Test func `a lease is held by one of many who ask at once, and each holder's number is greater`()
        async throws
    {
        try await TestPostgres.with { file async throws in
            try await file.withDriver(lookUp: nil, { $0.connections = 8 }) { driver async throws in
                let clock = ManualClock()
                let leases = Leases(Database(driver: driver, now: { clock.now }))
                var last: Int64 = 0
                for _ in 0..<5 {
                    let fences = try await withThrowingTaskGroup(of: Int64?.self) { group in
                        for owner in 0..<16 {
                            group.addTask {
                                try await leases.acquire("chore", owner: "\(owner)", lifetime: .seconds(10))
                            }
                        }
                        return try await group.reduce(into: [Int64]()) {
                            if let fence = $1 { $0.append(fence) }
                        }
                    }
                    #expect(fences.count == 1)
                    #expect((fences.first ?? 0) > last)
                    last = fences.first ?? 0
                    clock.advance(by: .seconds(11))
                }
            }
        }
    }
}

/// How much several workers have yet to do.
private final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    var count: Int { left.load(ordering: .acquiring) }

    func lower() { left.subtract(1, ordering: .acquiringAndReleasing) }
}
