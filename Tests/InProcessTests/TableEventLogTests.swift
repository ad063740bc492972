import Kernel
import Relational
import SQLite
import TestDatabase
import Testing

@testable import InProcess

@Suite struct TableEventLogTests {
    @Test func `a key falls into the same partition for ever`() throws {
        let tenant = try #require(TenantID("018f4e5c-0000-7000-8000-000000000001"))
        let layout = PartitionLayout(partitions: 8)
        let partitions = ["a", "b", "video 1", "ключ"].map { key in
            layout.partition(of: Event(type: "t", version: 1, tenant: tenant, key: key, data: []))
        }
        #expect(partitions == [3, 6, 0, 4])
    }

    @Test
    func `another number of partitions is refused while there are events, and taken when there are none`()
        async throws
    {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            let four = TableEventLog(database: database, settings: .init(partitions: 4))
            let eight = TableEventLog(database: database, settings: .init(partitions: 8))
            try await four.prepare()
            try await four.append(events(10))
            let consumer = try await four.consumer(of: "group")
            for delivery in try await consumer.poll(limit: 10, wait: .zero) {
                _ = try await consumer.commit(delivery)
            }

            await #expect(throws: Failure.self) { try await eight.prepare() }
            await #expect(throws: Failure.self) { try await eight.append(events(1)) }
            await #expect(throws: Failure.self) { _ = try await eight.consumer(of: "group") }
            #expect(try await four.removeExpired(before: .now() + .seconds(60)) == 10)
            try await eight.prepare()
            try await eight.append(events(20))
            let next = try await eight.consumer(of: "group")
            #expect(try await next.poll(limit: 50, wait: .zero).count == 20)

            // A process that still runs with the old number is stopped, not left to part the keys.
            let refused = await #expect(throws: Failure.self) { try await four.append(events(1)) }
            #expect(refused?.code == "partitions_changed")
            await #expect(throws: Failure.self) { _ = try await consumer.poll(limit: 1, wait: .zero) }
        }
    }

    @Test func `events that the log holds already are passed over`() async throws {
        try await TestDatabase.with { file async throws in
            let log = TableEventLog(database: file.database())
            let held = events(3)
            try await log.append(held)
            let more = events(1)
            try await log.append([held[1]] + more + more + [held[0]])
            #expect(try await log.everything() == held + more)
        }
    }

    @Test func `an event expires when it is old and every group has applied it`() async throws {
        try await TestDatabase.with { file async throws in
            let log = TableEventLog(database: file.database(), settings: .init(partitions: 1))
            try await log.append(events(10))
            let quick = try await log.consumer(of: "quick")
            let slow = try await log.consumer(of: "slow")
            let all = try await quick.poll(limit: 10, wait: .zero)
            #expect(try await quick.commit(all[9]))
            let some = try await slow.poll(limit: 10, wait: .zero)
            #expect(try await slow.commit(some[5]))

            #expect(try await log.removeExpired(before: Timestamp(milliseconds: 4)) == 4)
            #expect(try await log.removeExpired(before: .now()) == 2)
            #expect(try await log.removeExpired() == 0)
            #expect(try await log.everything().count == 4)
            try await log.forget(group: "slow")
            #expect(try await log.removeExpired() == 4)
        }
    }

    @Test func `more than one transaction's worth expires in one call`() async throws {
        try await TestDatabase.with { file async throws in
            let log = TableEventLog(database: file.database(), settings: .init(partitions: 1))
            try await log.append(events(2500))
            #expect(try await log.removeExpired() == 2500)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a poll that is cancelled ends at once`() async throws {
        try await TestDatabase.with { file async throws in
            let consumer = try await TableEventLog(database: file.database()).consumer(of: "group")
            let polling = Task { try await consumer.poll(limit: 1, wait: .seconds(3600)) }
            try await Task.sleep(for: .milliseconds(50))
            polling.cancel()
            let failure = await #expect(throws: Failure.self) { try await polling.value }
            #expect(failure?.kind == .cancelled)
        }
    }

    @Test func `members of two processes share one group`() async throws {
        try await TestDatabase.with { file async throws in
            let other = try file.reopened()
            let logs = [
                TableEventLog(database: file.database()), TableEventLog(database: Database(driver: other)),
            ]
            let members = [try await logs[0].consumer(of: "group"), try await logs[1].consumer(of: "group")]
            for _ in 0..<3 {
                for member in members { #expect(try await member.poll(limit: 1, wait: .zero).isEmpty) }
            }
            try await logs[0].append(events(100))
            var numbers: [[Int64]] = []
            for member in members {
                let deliveries = try await member.poll(limit: 100, wait: .seconds(5))
                numbers.append(deliveries.map(\.event.time.milliseconds))
            }
            #expect(!numbers[0].isEmpty && !numbers[1].isEmpty)
            #expect((numbers[0] + numbers[1]).sorted() == (0..<100).map { Int64($0) })
            await other.close()
        }
    }

    @Test func `who commits whole batches still finds the event that kills, and blames no other`()
        async throws
    {
        try await TestDatabase.with { file async throws in
            let clock = ManualClock()
            let settings = TableEventLog.Settings(partitions: 1)
            let log = TableEventLog(
                database: file.database { clock.now }, settings: settings, now: { clock.now })
            let events = events(6)
            try await log.append(events)
            var worst = 0
            for _ in 0..<12 where worst < 4 {
                let doomed = try await log.consumer(of: "group")
                while true {
                    let batch = try await doomed.poll(limit: 10, wait: .zero)
                    #expect(batch.allSatisfy { $0.attempt <= 2 || $0.event == events[3] })
                    if let killer = batch.first(where: { $0.event == events[3] }) {
                        worst = killer.attempt
                        break
                    }
                    let last = try #require(batch.last)
                    #expect(try await doomed.commit(last))
                }
                clock.advance(by: settings.hold + .seconds(1))
            }
            #expect(worst == 4)
        }
    }

    private func events(_ count: Int) -> [Event] {
        let tenant = TenantID()
        return (0..<count).map { number in
            Event(
                type: "sample.happened", version: 1, tenant: tenant, key: "key \(number)",
                time: Timestamp(milliseconds: Int64(number)), data: [])
        }
    }
}

extension TableEventLog {
    /// What the log holds, in the order of its positions, as a group of its own reads it. Forgets that group.
    func everything() async throws -> [Event] {
        let group = "reader \(UUIDv7())"
        let consumer = try await consumer(of: group)
        let deliveries = try await consumer.poll(limit: 1000, wait: .zero)
        await consumer.close()
        try await forget(group: group)
        return deliveries.sorted { $0.position < $1.position }.map(\.event)
    }
}
