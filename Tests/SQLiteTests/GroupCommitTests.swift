import Kernel
import Relational
import SQLite
import Synchronization
import TestDatabase
import Testing

@Suite struct GroupCommitTests {
    private struct Refusal: Error {}

    @Test func `writes that wait together share a commit`() async throws {
        let commits = Mutex<[Int]>([])
        let file = try TestDatabase.open(onCommit: { count in commits.withLock { $0.append(count) } })
        try await Numbers.create(file.driver)
        let driver = file.driver
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await WriterGate.hold(driver) { _ async throws in
                for number in 0..<100 { group.addTask { try await Numbers.insert(number, driver) } }
                #expect(try await eventually { driver.waitingWrites == 100 })
            }
            try await group.waitForAll()
        }
        #expect(commits.withLock { $0 } == [1, 1, 100])
        #expect(try await Numbers.all(driver).count == 100)
        await file.close()
    }

    @Test func `a batch is no larger than its limit`() async throws {
        let commits = Mutex<[Int]>([])
        let file = try TestDatabase.open(
            { $0.maximumBatch = 8 }, onCommit: { count in commits.withLock { $0.append(count) } })
        try await Numbers.create(file.driver)
        let driver = file.driver
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await WriterGate.hold(driver) { _ async throws in
                for number in 0..<20 { group.addTask { try await Numbers.insert(number, driver) } }
                #expect(try await eventually { driver.waitingWrites == 20 })
            }
            try await group.waitForAll()
        }
        #expect(commits.withLock { $0 } == [1, 1, 8, 8, 4])
        await file.close()
    }

    @Test func `a body that fails harms none that shares its commit`() async throws {
        let file = try TestDatabase.open { $0.statementDeadline = .milliseconds(200) }
        let driver = file.driver
        try await Numbers.create(driver)
        try await Numbers.insert(1000, driver)
        let failures = try await outcomes(driver, count: 12) { number, connection in
            try Numbers.insert(number, connection)
            switch number {
            case 3: throw Refusal()
            case 6: try Numbers.insert(1000, connection)
            case 9: try connection.script(endlessInsert)
            default: break
            }
        }
        #expect(Set(failures.keys) == [3, 6, 9])
        #expect(failures[3]?.cause is Refusal)
        #expect(failures[6]?.code == "unique_violation")
        #expect(failures[9]?.kind == .timeout)
        #expect(try await Numbers.all(driver) == Set(0..<12).subtracting([3, 6, 9]).union([1000]))
        await file.close()
    }

    @Test func `a write is refused whose body passed over the loss of its transaction`() async throws {
        let file = try TestDatabase.open { $0.statementDeadline = .milliseconds(100) }
        let driver = file.driver
        try await Numbers.create(driver)
        let alone = await failure {
            try await driver.write(.system) { connection in
                try Numbers.insert(1, connection)
                // A body that errs so must not be answered as if it were durable.
                try? connection.script(endlessInsert)
            }
        }
        #expect(alone?.kind == .unavailable)
        let together = try await outcomes(driver, count: 3) { number, connection in
            try Numbers.insert(number + 10, connection)
            if number == 1 { try? connection.script(endlessInsert) }
        }
        #expect(together.mapValues(\.kind) == [1: .unavailable])
        #expect(try await Numbers.all(driver) == [10, 12])
        await file.close()
    }

    @Test func `a refused write leaves nothing behind, and its reason reaches the caller`() async throws {
        let file = try TestDatabase.open()
        let driver = file.driver
        try await Numbers.create(driver)
        await #expect(throws: Refusal.self) {
            try await driver.write(.system) { connection in
                try Numbers.insert(1, connection)
                throw Refusal()
            }
        }
        #expect(try await Numbers.all(driver).isEmpty)
        await file.close()
    }

    /// Runs `count` bodies in one batch; the failures by number.
    private func outcomes(
        _ driver: SQLiteDriver, count: Int,
        _ body: @escaping @Sendable (_ number: Int, any SQLConnection) throws -> Void
    ) async throws -> [Int: Failure] {
        try await withThrowingTaskGroup(of: (Int, Failure?).self) { group in
            try await WriterGate.hold(driver) { _ async throws in
                for number in 0..<count {
                    group.addTask {
                        (number, await failure { try await driver.write(.system) { try body(number, $0) } })
                    }
                    // One by one, so that they stand in the batch in this order.
                    #expect(try await eventually { driver.waitingWrites == number + 1 })
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }
}

/// Ends by its deadline only; SQLite then undoes the whole transaction, not the statement alone.
let endlessInsert = """
    INSERT INTO numbers (number) WITH RECURSIVE n(i) AS (SELECT 100000 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n
    """
