import InProcess
import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

/// The event log on Postgres, which keeps a table for each month.
@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct EventMonthTests {
    private static let day = Duration.seconds(86_400)

    /// A log whose clock stands at noon of 31 January 2127, so that no month is the server's own, and keeps events for 40 days.
    private func withLog(
        _ body: (TestPostgres, TableEventLog, ManualClock) async throws -> Void
    ) async throws {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver async throws in
                let clock = ManualClock(Timestamp(milliseconds: 4_957_070_400_000))
                let log = TableEventLog(
                    database: Database(driver: driver, now: { clock.now }),
                    settings: .init(partitions: 2, pollInterval: .milliseconds(20), retention: Self.day * 40),
                    now: { clock.now })
                try await log.prepare()
                _ = try await log.removeExpired()
                try await body(file, log, clock)
            }
        }
    }

    private func event(at time: Timestamp, key: String = "k") -> Event {
        Event(type: "sample.happened", version: 1, tenant: TenantID(), key: key, time: time, data: [])
    }

    @Test func `an event lies in the table of its month, also while the clock steps over its end`()
        async throws
    {
        try await withLog { file, log, clock in
            for _ in 0..<3 {
                try await log.append([event(at: clock.now)])
                clock.advance(by: .seconds(43_199))
            }
            // The last millisecond of January and the first of February.
            let end = Timestamp(milliseconds: 4_957_113_600_000)
            try await log.append([event(at: end - .milliseconds(1)), event(at: end)])
            #expect(try await file.rowsByMonth() == ["m2127_01": 3, "m2127_02": 2])
        }
    }

    @Test func `months to come are made ahead, and again and again changes nothing`() async throws {
        try await withLog { file, log, clock in
            let months = ["m2127_01", "m2127_02", "m2127_03"]
            #expect(try await file.months(from: 2127) == months)
            _ = try await log.removeExpired()
            #expect(try await file.months(from: 2127) == months)
            clock.advance(by: Self.day)
            _ = try await log.removeExpired()
            #expect(try await file.months(from: 2127) == months + ["m2127_04"])
        }
    }

    @Test func `an event whose month nobody has made is taken, and joins its month once it is made`()
        async throws
    {
        try await withLog { file, log, clock in
            clock.advance(by: Self.day * 120)
            let late = event(at: clock.now)
            try await log.append([late, event(at: Timestamp(milliseconds: 5))])
            #expect(try await file.rowsByMonth() == ["strays": 2])
            _ = try await log.consumer(of: "group")
            _ = try await log.removeExpired()
            #expect(try await file.rowsByMonth() == ["m2127_05": 1, "strays": 1])
            try await log.append([late])
            #expect(try await file.rowsByMonth() == ["m2127_05": 1, "strays": 1])
        }
    }

    @Test func `an event that is repeated is there once, in whatever month and order`() async throws {
        try await withLog { file, log, clock in
            let january = event(at: clock.now)
            let february = event(at: clock.now + Self.day)
            try await log.append([january, february])
            clock.advance(by: Self.day * 2)
            try await log.append([february, january, february])
            #expect(try await file.rowsByMonth() == ["m2127_01": 1, "m2127_02": 1])
        }
    }

    @Test func `a month is dropped as a whole when it is too old and applied, not before`() async throws {
        try await withLog { file, log, clock in
            let events = (0..<4).map { event(at: clock.now + Self.day * ($0 / 2)) }
            try await log.append(events)
            let consumer = try await log.consumer(of: "group")
            var deliveries = try await consumer.poll(limit: 10, wait: .seconds(5))
            #expect(deliveries.count == 4)
            deliveries.sort { $0.position < $1.position }

            // January ended more than 40 days ago, but nobody has applied it.
            clock.advance(by: Self.day * 45)
            _ = try await log.removeExpired()
            #expect(try await file.rowsByMonth() == ["m2127_01": 2, "m2127_02": 2])
            for delivery in deliveries.prefix(2) { _ = try await consumer.commit(delivery) }
            await consumer.close()
            let reader = try await log.consumer(of: "group")
            for delivery in try await reader.poll(limit: 10, wait: .seconds(5)) {
                #expect(try await reader.commit(delivery))
            }
            _ = try await log.removeExpired()
            // February as a whole is not too old, though most of it is.
            #expect(try await file.rowsByMonth() == ["m2127_02": 2])
            #expect(try await file.months(from: 2127).first == "m2127_02")

            // Who reads from the start gets what is left, and what came to the dropped month after all.
            try await log.append([event(at: events[0].time)])
            let newcomer = try await log.consumer(of: "newcomer")
            #expect(try await newcomer.poll(limit: 10, wait: .seconds(5)).count == 3)
            #expect(try await file.rowsByMonth() == ["m2127_02": 2, "strays": 1])
        }
    }

    @Test func `a reader of the log in a long transaction costs a turn a second and no more`() async throws {
        try await withLog { file, log, clock in
            try await log.append([event(at: clock.now)])
            clock.advance(by: Self.day * 60)
            let reader = PostgresConsole(url: file.ownerURL, deadline: .seconds(240))
            let reading = Task {
                try await reader.run(
                    "SET application_name = 'reader'", "SELECT count(*), pg_sleep(120) FROM event_log")
            }
            let isReading =
                "SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE relname = 'm2127_01'"
            #expect(try await eventually { try await !file.own(isReading).isEmpty })
            let start = ContinuousClock.now
            _ = try await log.removeExpired()
            #expect(ContinuousClock.now - start < .seconds(60))
            try await log.append([event(at: clock.now)])
            #expect(try await file.rowsByMonth()["m2127_01"] == 1)
            try await file.own(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reader'")
            _ = await reading.result
            _ = try await log.removeExpired()
            #expect(try await file.rowsByMonth() == ["m2127_04": 1])
        }
    }

    @Test func `the application reaches months through the log alone, and cannot make or drop any itself`()
        async throws
    {
        try await withLog { file, log, clock in
            try await log.append([event(at: clock.now)])
            let application = PostgresConsole(url: file.url)
            #expect(try await application.run("SELECT count(*)::text FROM event_log") == [["1"]])
            for statement in [
                "SELECT * FROM cloudstream_log.m2127_01", "DROP TABLE cloudstream_log.m2127_01",
                "INSERT INTO cloudstream_log.strays SELECT * FROM event_log",
                "ALTER TABLE event_log DETACH PARTITION cloudstream_log.m2127_01",
                "SELECT cloudstream_make_month(now()::timestamp)", "TRUNCATE event_log",
                "SELECT cloudstream_admit_to_event_log('postgres')",
            ] {
                await #expect(throws: Failure.self, "\(statement)") { try await application.run(statement) }
            }
        }
    }

    @Test func `who reads while many append misses nothing`() async throws {
        try await withLog { _, log, clock in
            let (writers, each) = (6, 15)
            let consumer = try await log.consumer(of: "group")
            let received = try await withThrowingTaskGroup(of: Set<String>.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        for number in 0..<each {
                            try await log.append([event(at: clock.now, key: "\(writer)-\(number)")])
                        }
                        return []
                    }
                }
                group.addTask {
                    var keys: Set<String> = []
                    let end = ContinuousClock.now + .seconds(120)
                    while keys.count < writers * each, ContinuousClock.now < end {
                        for delivery in try await consumer.poll(limit: 10, wait: .milliseconds(100)) {
                            if try await consumer.commit(delivery) { keys.insert(delivery.event.key) }
                        }
                    }
                    return keys
                }
                return try await group.reduce(into: Set<String>()) { $0.formUnion($1) }
            }
            #expect(received.count == writers * each)
        }
    }

    @Test func `a log of before keeps its events and positions`() async throws {
        try await TestPostgres.withEmpty { file async throws in
            let step = try #require(
                Migration.postgresTuning.first { $0.name == "postgres-event-months" })
            let owner = try PostgresDriver(
                PostgresSettings(url: file.ownerURL, connections: 1), lookUp: { _ in .shared })
            try await owner.write(.system) { connection in
                try connection.script(Self.oldLog)
                try connection.script(step.sql)
            }
            await owner.close()
            #expect(
                try await file.own("SELECT count(*)::text, max(position)::text FROM event_log") == [
                    ["60", "60"]
                ])
            try await file.own(
                """
                INSERT INTO event_log (partition, event_id, type, version, tenant_id, event_key, time, data)
                VALUES (0, gen_random_uuid(), 't', 1, gen_random_uuid(), 'k', 1790000000000, '')
                """)
            #expect(try await file.own("SELECT max(position)::text FROM event_log") == [["61"]])
            #expect(try await file.rowsByMonth()["strays"] == nil)
        }
    }
}

extension EventMonthTests {
    private static let oldLog = """
        CREATE TABLE event_log (
            position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, partition BIGINT NOT NULL,
            event_id UUID NOT NULL UNIQUE, type TEXT NOT NULL, version BIGINT NOT NULL,
            tenant_id UUID NOT NULL, event_key TEXT NOT NULL, time BIGINT NOT NULL, data BYTEA NOT NULL,
            trace_parent TEXT);
        CREATE INDEX event_log_by_partition ON event_log (partition, position);
        CREATE TABLE event_offsets (partition BIGINT, position BIGINT);
        CREATE TABLE application_roles (name TEXT);
        INSERT INTO event_log (partition, event_id, type, version, tenant_id, event_key, time, data)
        SELECT i % 2, gen_random_uuid(), 't', 1, gen_random_uuid(), 'k', 1790000000000 + i * 86400000::bigint, ''
        FROM generate_series(1, 60) i;
        """
}

extension TestPostgres {
    /// Tables of the log that hold events, with how many.
    fileprivate func rowsByMonth() async throws -> [String: Int] {
        let rows = try await own(
            "SELECT c.relname::text, count(*)::text FROM event_log l JOIN pg_class c ON c.oid = l.tableoid GROUP BY 1"
        )
        return Dictionary(
            uniqueKeysWithValues: rows.compactMap { row in
                guard let name = row[0], let count = row[1].flatMap({ Int($0) }) else { return nil }
                return (name, count)
            })
    }

    /// Of that year and later.
    fileprivate func months(from year: Int) async throws -> [String] {
        try await own(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'cloudstream_log'::regnamespace "
                + "AND relkind = 'r' AND relname >= 'm\(year)' AND relname < 'n' ORDER BY 1"
        ).compactMap { $0.first ?? nil }
    }
}
