import Kernel
import Relational
import Synchronization
import TestDatabase
import Testing

/// A write with a once-key happens once, and its events with it.
@Suite struct OnceTests {
    private struct Told: EventPayload {
        static let type = "thing.told"
        static let version = 1
        let number: Int
    }

    private struct Refusal: Error {}

    private let tenant = TenantID()

    @Test func `the second write with a key answers what the first did, and does nothing`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            let runs = Counter()
            for _ in 0..<3 {
                let answer = try await database.write(context("a", digest: "same")) { transaction in
                    try transaction.publish(Told(number: 1), key: "thing")
                    return "run \(runs.next())"
                }
                #expect(answer == "run 1")
            }
            #expect(runs.next() == 2)
            #expect(try await Outbox(database).depth() == 1)
        }
    }

    @Test func `a key used for something else is a conflict`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            #expect(try await database.write(context("a", digest: "one")) { _ in 1 } == 1)
            let refused = await #expect(throws: Failure.self) {
                try await database.write(context("a", digest: "two")) { _ in 2 }
            }
            #expect(refused?.code == "idempotency_key_reused")
            #expect(refused?.kind == .conflict)
        }
    }

    @Test func `keys of other scopes and other tenants do not meet`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            #expect(try await database.write(context("a", digest: "1")) { _ in 1 } == 1)
            let other = WriteContext(tenant: TenantID(), once: OnceKey(scope: "scope", key: "a", digest: "2"))
            #expect(try await database.write(other) { _ in 2 } == 2)
            let scoped = WriteContext(tenant: tenant, once: OnceKey(scope: "scope 2", key: "a", digest: "3"))
            #expect(try await database.write(scoped) { _ in 3 } == 3)
        }
    }

    @Test func `of many writes with a key at once, one happens and all answer alike`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            let runs = Counter()
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<50 {
                    let context = context("a", digest: "same")
                    group.addTask {
                        try await database.write(context) { _ in
                            _ = runs.next()
                            return number
                        }
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(answers.count == 1)
            #expect(runs.next() == 2)
        }
    }

    @Test func `a write that failed may be tried again with its key`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            await #expect(throws: Refusal.self) {
                try await database.write(context("a", digest: "same")) { _ -> Int in throw Refusal() }
            }
            #expect(try await database.write(context("a", digest: "same")) { _ in 7 } == 7)
        }
    }

    @Test func `an event is in the outbox if and only if its write committed`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            let before = database.outboxWakeup.generation
            await #expect(throws: Refusal.self) {
                try await database.write(WriteContext(tenant: tenant)) { transaction -> Int in
                    try transaction.publish(Told(number: 1), key: "thing")
                    throw Refusal()
                }
            }
            #expect(try await Outbox(database).depth() == 0)
            #expect(database.outboxWakeup.generation == before)

            _ = try await database.write(WriteContext(tenant: tenant, traceParent: "trace")) { transaction in
                for number in 2...4 { try transaction.publish(Told(number: number), key: "thing") }
                return true
            }
            let events = try await Outbox(database).oldest(10).map(\.event)
            #expect(try events.map { try $0.payload(Told.self).number } == [2, 3, 4])
            #expect(
                events.allSatisfy { $0.tenant == tenant && $0.key == "thing" && $0.traceParent == "trace" })
            #expect(database.outboxWakeup.generation == before + 1)
        }
    }

    @Test func `only the events named leave the outbox`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            _ = try await database.write(WriteContext(tenant: tenant)) { transaction in
                for number in 0..<5 { try transaction.publish(Told(number: number), key: "thing") }
                return true
            }
            let outbox = Outbox(database)
            let all = try await outbox.oldest(10)
            try await outbox.remove([all[0], all[2], all[4]])
            #expect(try await outbox.oldest(10) == [all[1], all[3]])
        }
    }

    private func context(_ key: String, digest: String) -> WriteContext {
        WriteContext(tenant: tenant, once: OnceKey(scope: "scope", key: key, digest: digest))
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
