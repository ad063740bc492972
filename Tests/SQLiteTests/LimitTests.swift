import Foundation
import Kernel
import Relational
import SQLite
import TestDatabase
import Testing

@Suite struct LimitTests {
    private static let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    @Test func `a read does not wait for a long write and does not see it`() async throws {
        let file = try TestDatabase.open()
        let driver = file.driver
        try await Numbers.create(driver)
        try await Numbers.insert(1, driver)
        try await WriterGate.hold(driver) { _ async throws in
            for _ in 0..<20 { #expect(try await Numbers.all(driver) == [1]) }
        }
        await file.close()
    }

    @Test func `reads are of one snapshot, whatever is written meanwhile`() async throws {
        let file = try TestDatabase.open()
        let other = try file.reopened()
        try await Numbers.create(file.driver)
        for round in 0..<20 {
            async let writing: Void = Numbers.insert(round, other)
            let (before, after) = try await file.driver.read(.system) { connection in
                let before = try connection.answer("SELECT count(*) FROM numbers")
                let after = try connection.answer("SELECT count(*) FROM numbers")
                return (before, after)
            }
            #expect(before == after)
            try await writing
        }
        await other.close()
        await file.close()
    }

    @Test func `more waiting writes than the bound are refused, and those accepted are done`() async throws {
        let file = try TestDatabase.open { $0.maximumQueue = 4 }
        let driver = file.driver
        try await Numbers.create(driver)
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await WriterGate.hold(driver) { _ async throws in
                for number in 0..<4 { group.addTask { try await Numbers.insert(number, driver) } }
                #expect(try await eventually { driver.waitingWrites == 4 })
                let refused = await failure { try await Numbers.insert(4, driver) }
                #expect(refused?.kind == .overloaded)
            }
            try await group.waitForAll()
        }
        #expect(try await Numbers.all(driver) == [0, 1, 2, 3])
        await file.close()
    }

    @Test func `a statement past its deadline is stopped, reading or writing, and the next one works`()
        async throws
    {
        let file = try TestDatabase.open { $0.statementDeadline = .milliseconds(100) }
        let driver = file.driver
        try await Numbers.create(driver)
        let reading = await failure { _ = try await driver.read(.system) { try $0.answer(Self.endless) } }
        #expect(reading?.kind == .timeout)
        let writing = await failure { _ = try await driver.write(.system) { try $0.answer(Self.endless) } }
        #expect(writing?.kind == .timeout)
        try await Numbers.insert(1, driver)
        #expect(try await Numbers.all(driver) == [1])
        await file.close()
    }

    @Test func `a read cannot write`() async throws {
        let file = try TestDatabase.open()
        try await Numbers.create(file.driver)
        let refused = await failure { try await file.driver.read(.system) { try Numbers.insert(1, $0) } }
        #expect(refused != nil)
        #expect(try await Numbers.all(file.driver).isEmpty)
        await file.close()
    }

    @Test func `a closed file stands alone, without a WAL beside it`() async throws {
        let file = try TestDatabase.open()
        try await Numbers.create(file.driver)
        try await Numbers.insert(1, file.driver)
        _ = try await Numbers.all(file.driver)
        await file.driver.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: file.folder.path) == ["test.sqlite"])
        await file.close()
    }

    @Test func `closing ends after everything accepted is durable, and refuses what comes later`()
        async throws
    {
        let file = try TestDatabase.open()
        let driver = file.driver
        try await Numbers.create(driver)
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await WriterGate.hold(driver) { _ async throws in
                for number in 0..<20 { group.addTask { try await Numbers.insert(number, driver) } }
                #expect(try await eventually { driver.waitingWrites == 20 })
                group.addTask { await driver.close() }
                #expect(try await eventually { await failure { _ = try await Numbers.all(driver) } != nil })
                #expect(await failure { try await Numbers.insert(99, driver) }?.kind == .unavailable)
            }
            try await group.waitForAll()
        }
        let reopened = try file.reopened()
        #expect(try await Numbers.all(reopened) == Set(0..<20))
        await reopened.close()
        await file.close()
    }
}
