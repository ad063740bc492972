import Foundation
import Kernel
import Synchronization
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

private let things = SystemTable("things")
private let schema = Migration(
    900, "server tests",
    """
    CREATE TABLE things (
        id {integer} NOT NULL PRIMARY KEY, name TEXT, data {bytes}, number {real}, uid {uuid}, flag {integer});
    """)

@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct PostgresServerTests {
    @Test func `values come back as they went`() async throws {
        try await withDriver { driver async throws in
            let uid = UUIDv7()
            let texts = ["", "Ünïcode 🦆 'quoted' \\ \"\n", String(repeating: "x", count: 100_000)]
            let blobs: [[UInt8]] = [[], [0, 1, 255], [UInt8](repeating: 0, count: 70_000)]
            let numbers = [0, -0.5, .pi, .greatestFiniteMagnitude, .infinity]
            let integers = [0, -1, Int64.max, .min]
            for (index, integer) in integers.enumerated() {
                try await driver.write(.system) {
                    try SystemWriter(connection: $0, scope: ()).insert(
                        into: things,
                        [
                            "id": integer, "name": texts[index % 3], "data": blobs[index % 3],
                            "number": numbers[index], "uid": uid, "flag": nil,
                        ])
                }
                let row = try await driver.read(.system) {
                    try SystemReader(connection: $0, scope: ()).first(
                        "id, name, data, number, uid, flag, count(*) OVER (), sum(id) OVER ()", from: things,
                        where: "id = \(integer)"
                    ) { row in
                        Kept(
                            id: try row.next(), name: try row.next(), data: try row.next(),
                            number: try row.next(),
                            uid: try row.next(), flag: try row.nextIfPresent(), count: try row.next(),
                            sum: try row.next())
                    }
                }
                #expect(
                    row
                        == Kept(
                            id: integer, name: texts[index % 3], data: blobs[index % 3],
                            number: numbers[index],
                            uid: uid, flag: nil, count: 1, sum: Double(integer)))
            }
        }
    }

    @Test func `a NUL in a text is refused before it is sent`() async throws {
        try await withDriver { driver async throws in
            let refused = await failure {
                try await driver.write(.system) {
                    try SystemWriter(connection: $0, scope: ()).insert(
                        into: things, ["id": 1, "name": "a\0b"])
                }
            }
            #expect(refused?.code == "invalid_text")
            let asked = await failure { _ = try await names(driver, "name = \("\0")") }
            #expect(asked?.code == "invalid_text")
            #expect(try await names(driver, "id = \(1)").isEmpty)
        }
    }

    @Test func `a key that exists is a conflict and nothing of its write stays`() async throws {
        try await withDriver { driver async throws in
            try await add(1, driver)
            for isCaught in [false, true] {
                let conflict = await failure {
                    try await driver.write(.system) { connection in
                        let writer = SystemWriter(connection: connection, scope: ())
                        try writer.insert(into: things, ["id": 2])
                        do { try writer.insert(into: things, ["id": 1]) } catch {
                            if !isCaught { throw error }
                        }
                    }
                }
                // A body cannot get past what the server refused, not even by not listening.
                #expect(conflict?.code == "unique_violation")
                #expect(conflict?.kind == .conflict)
            }
            #expect(try await names(driver, "id = \(2)").isEmpty)
        }
    }

    @Test func `a read cannot write`() async throws {
        try await withDriver { driver async throws in
            let refused = await failure {
                _ = try await driver.read(.system) {
                    try SystemWriter(connection: $0, scope: ()).insert(into: things, ["id": 1])
                }
            }
            #expect(refused != nil)
            #expect(try await names(driver, "id = \(1)").isEmpty)
        }
    }

    @Test func `a body of one statement needs no connection of the pool, one of two sees one snapshot`()
        async throws
    {
        try await withDriver { driver async throws in
            try await add(1, driver)
            let runs = Mutex(0)
            let gate = Gate()
            // All members of the pool are busy.
            async let busy: Void = withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await driver.write(.system) { _ in gate.wait() } } }
                try await group.waitForAll()
            }
            #expect(try await eventually { driver.load.running == 4 })
            for _ in 0..<20 {
                let found = try await driver.read(.system) { connection in
                    runs.withLock { $0 += 1 }
                    return try SystemReader(connection: connection, scope: ()).select("id", from: things) {
                        try $0.next(Int.self)
                    }
                }
                #expect(found == [1])
            }
            #expect(runs.withLock { $0 } == 40)
            gate.open()
            try await busy

            for round in 0..<10 {
                let (before, after) = try await driver.read(.system) { connection in
                    let reader = SystemReader(connection: connection, scope: ())
                    let before = try reader.select("id", from: things) { try $0.next(Int.self) }
                    return (before, try reader.select("id", from: things) { try $0.next(Int.self) })
                }
                #expect(before == after)
                try await add(2 + round, driver)
            }
        }
    }

    @Test func `a body that passes over what ends it early still gets its rows`() async throws {
        try await withDriver { driver async throws in
            try await add(1, driver)
            let found = try await driver.read(.system) { connection in
                let reader = SystemReader(connection: connection, scope: ())
                // The reason for no `try`: such a body is what this test is about.
                let first = (try? reader.select("id", from: things) { try $0.next(Int.self) }) ?? []
                let second = (try? reader.select("id", from: things) { try $0.next(Int.self) }) ?? []
                return first + second
            }
            #expect(found == [1, 1])
        }
    }

    @Test func `of 64 statements that travel together one fails, and it alone`() async throws {
        try await withDriver { _, file in
            let settings = file.settings
            let parameters = try PostgresURL(file.url).parameters(
                for: settings.addresses()[0], .singleReads, settings)
            let pipeline = try PostgresPipeline(parameters, settings, name: "test")
            for _ in 0..<5 {
                let answers = await withTaskGroup(of: (Int, String?).self) { group in
                    for number in 0..<64 {
                        group.addTask {
                            do {
                                let answer = try await pipeline.read(quotient(of: 100, number))
                                return (number, "\(PostgresRow(result: answer.value, row: 0).integer(0))")
                            } catch {
                                return (number, ((error as? Failure)?.postgres?.sqlState))
                            }
                        }
                    }
                    return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
                #expect(answers[0] == "22012")
                for number in 1..<64 { #expect(answers[number] == "\(100 / number)") }
            }
            await pipeline.close()
        }
    }

    @Test func `a caller that gives up disturbs none of those beside it`() async throws {
        try await withDriver { driver async throws in
            try await add(1, driver)
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let task = Task { try await names(driver, "id = \(1)") }
                        if number % 3 == 0 { task.cancel() }
                        do {
                            #expect(try await task.value == ["thing"])
                        } catch {
                            #expect(number % 3 == 0)
                            #expect(Failure.wrapping(error).kind == .cancelled)
                        }
                    }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a slow statement is cancelled at the server and its connection is used again`() async throws {
        try await withDriver {
            $0.connections = 1
        } _: { (driver, file) async throws in
            let process = try await driver.write(.system) { try $0.rows("SELECT pg_backend_pid()")[0][0] }
            let task = Task {
                try await driver.write(.system) { try $0.rows("SELECT pg_sleep(60)").count }
            }
            #expect(try await eventually { try await sleepers(file) == 1 })
            task.cancel()
            let refused = await failure { _ = try await task.value }
            #expect(refused?.kind == .timeout || refused?.kind == .cancelled)
            let after = try await driver.write(.system) { try $0.rows("SELECT pg_backend_pid()")[0][0] }
            #expect(after == process)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a statement that lasts too long is ended by the server`() async throws {
        try await withDriver {
            $0.statementDeadline = .milliseconds(1_500)
        } _: { (driver, file) async throws in
            let start = ContinuousClock.now
            let late = await failure {
                _ = try await driver.write(.system) { try $0.rows("SELECT pg_sleep(60)").count }
            }
            #expect(late?.code == "timeout")
            #expect(ContinuousClock.now - start < .seconds(8))
            #expect(try await eventually { try await sleepers(file) == 0 })
            try await add(1, driver)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `ten thousand callers share few connections, and beyond the bound they are refused`() async throws {
        try await withDriver {
            $0.maximumQueue = 2_000
        } _: { (driver, file) async throws in
            try await add(1, driver)
            let outcomes = await withTaskGroup(of: String.self) { group in
                for number in 0..<10_000 {
                    group.addTask {
                        do {
                            if number % 4 == 0 {
                                try await driver.write(.system) {
                                    _ = try SystemWriter(connection: $0, scope: ()).update(
                                        things, set: "flag = \(number)", where: "id = \(-number)")
                                }
                            } else {
                                _ = try await names(driver, "id = \(1)")
                            }
                            return "done"
                        } catch {
                            return (error as? Failure)?.code ?? "\(error)"
                        }
                    }
                }
                return await group.reduce(into: [:] as [String: Int]) { $0[$1, default: 0] += 1 }
            }
            #expect(Set(outcomes.keys).isSubset(of: ["done", "overloaded"]))
            #expect((outcomes["done"] ?? 0) > 2_000)
            let connections = try await file.own(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'app'"
            )
            #expect(Int(connections[0][0] ?? "") ?? 99 <= 6)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `writes that meet are run again until each has had its effect`() async throws {
        try await withDriver {
            $0.connections = 8
        } _: { (driver, _) async throws in
            let (tenant, table) = (TenantID(), TenantTable("video_usage"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        try await driver.write(.tenant(tenant)) { connection in
                            let writer = TenantWriter(connection: connection, scope: tenant)
                            let bytes =
                                try writer.reader.first("bytes", from: table) { try $0.next(Int.self) } ?? 0
                            try writer.upsert(
                                into: table, ["bytes": bytes + 1, "open_uploads": 0], key: "tenant_id",
                                change: "bytes = excluded.bytes")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let bytes = try await driver.read(.tenant(tenant)) {
                try TenantReader(connection: $0, scope: tenant).first("bytes", from: table) {
                    try $0.next(Int.self)
                }
            }
            #expect(bytes == 100)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `closing waits for what was accepted and refuses the rest`() async throws {
        try await TestPostgres.with([schema]) { file async throws in
            let driver = try file.driver()
            try await add(1, driver)
            let accepted = Task {
                try await driver.write(.system) { try $0.rows("SELECT pg_sleep(0.2)").count }
            }
            #expect(try await eventually { driver.load.running == 1 })
            await driver.close()
            #expect(try await accepted.value == 1)
            let refused1 = await failure { try await add(2, driver) }
            #expect(refused1?.kind == .unavailable)
            let refused2 = await failure { _ = try await names(driver, "id = \(1)") }
            #expect(refused2?.kind == .unavailable)
        }
    }

    @Test func `more statements than a connection keeps prepared are prepared anew`() async throws {
        try await withDriver {
            $0.preparedStatements = 4
        } _: { (driver, file) async throws in
            for round in 0..<3 {
                for width in 1...12 {
                    let list = Array(repeating: 1, count: 1 << min(width, 6))
                    _ = try await names(driver, "id IN \(list: list) AND \(width) = \(width + round)")
                    try await driver.write(.system) {
                        _ = try SystemWriter(connection: $0, scope: ()).delete(
                            from: things, where: "id IN \(list: list)")
                    }
                }
            }
            let prepared = try await driver.write(.system) {
                try $0.rows("SELECT count(*) FROM pg_prepared_statements")
            }
            #expect(Int(prepared[0][0] ?? "") ?? 99 <= 4)
        }
    }

    private func withDriver(_ body: (PostgresDriver) async throws -> Void) async throws {
        try await withDriver { _ in
        } _: { driver, _ in
            try await body(driver)
        }
    }

    private func withDriver(_ body: (PostgresDriver, TestPostgres) async throws -> Void) async throws {
        try await withDriver { _ in
        } _: {
            try await body($0, $1)
        }
    }

    private func withDriver(
        _ change: (inout PostgresSettings) -> Void,
        _ body: (PostgresDriver, TestPostgres) async throws -> Void
    ) async throws {
        try await TestPostgres.with([schema]) { file async throws in
            try await file.withDriver(change) { try await body($0, file) }
        }
    }
}

private struct Kept: Equatable {
    let id: Int64
    let name: String
    let data: [UInt8]
    let number: Double
    let uid: UUIDv7
    let flag: Bool?
    let count: Int
    let sum: Double
}

private func add(_ id: Int, _ driver: PostgresDriver) async throws {
    try await driver.write(.system) {
        try SystemWriter(connection: $0, scope: ()).insert(into: things, ["id": id, "name": "thing"])
    }
}

private func names(_ driver: PostgresDriver, _ condition: SQLText) async throws -> [String] {
    try await driver.read(.system) {
        try SystemReader(connection: $0, scope: ()).select("name", from: things, where: condition) {
            try $0.next()
        }
    }
}

/// Statements of the application that sleep at the server.
private func sleepers(_ file: TestPostgres) async throws -> Int {
    let found = try await PostgresConsole(url: file.url).run(
        """
        SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active'
        AND datname = current_database() AND pid <> pg_backend_pid()
        """)
    return Int(found[0][0] ?? "") ?? -1
}

private func quotient(of dividend: Int, _ divisor: Int) throws -> PipelinedStatement {
    PipelinedStatement(
        command: try PostgresConnection.Command("SELECT \(dividend) / $1::int", [.integer(Int64(divisor))]),
        lane: .system, atLeast: nil, deadline: .now + .seconds(10))
}

/// Holds threads until it is opened.
private final class Gate: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    func wait() {
        while !isOpen.load(ordering: .acquiring) { usleep(1_000) }
    }
}
