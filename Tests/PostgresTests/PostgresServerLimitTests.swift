import Foundation
import Kernel
import Synchronization
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL"))
struct PostgresServerLimitTests: ThingsStage {
    @Test func `of 64 statements that travel together one fails, and it alone`() async throws {
        try await withDriver { (_, file) async throws in
            let pipeline = try pipeline(file)
            for _ in 0..<5 {
                let answers = await withTaskGroup(of: (Int, String?).self) { group in
                    for number in 0..<64 {
                        group.addTask {
                            do {
                                return (number, try await integer(quotient(of: 100, number), pipeline))
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

    @Test(arguments: [1, 2, 3, 70])
    func `each of few and of many callers gets its own answer, again and again`(_ crowd: Int) async throws {
        try await withDriver { (_, file) async throws in
            let pipeline = try pipeline(file)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 1...crowd {
                    group.addTask {
                        for number in 1...200 {
                            let dividend = caller * 1000 + number
                            let answer = try await integer(quotient(of: dividend, 1), pipeline)
                            #expect(answer == "\(dividend)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(pipeline.load == 0)
            await pipeline.close()
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `connections that are given up under callers cost them nothing but time`() async throws {
        try await withDriver { (_, file) async throws in
            let pipeline = try pipeline(file)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for caller in 1...8 {
                    group.addTask {
                        for number in 1...100 {
                            let answer = try await integer(quotient(of: caller * number, 1), pipeline)
                            #expect(answer == "\(caller * number)")
                            if caller == 1, number % 20 == 0 { pipeline.reset() }
                        }
                        return 100
                    }
                }
                let total = try await group.reduce(0, +)
                #expect(total == 800)
            }
            await pipeline.close()
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a pipeline that slept is woken, and its deadlines hold`() async throws {
        try await withDriver { (_, file) async throws in
            let pipeline = try pipeline(file)
            for _ in 0..<3 {
                let answer = try await integer(quotient(of: 7, 1), pipeline)
                #expect(answer == "7")
                // Longer than its thread waits before it sleeps until it is woken.
                try await Task.sleep(for: PipelineCore.tick * 3)
            }
            let slow = PipelinedCall(
                try PostgresConnection.Command("SELECT pg_sleep(60)"), .system,
                deadline: .now + .milliseconds(200))
            let start = ContinuousClock.now
            let late = await failure { try await pipeline.run(slow) }
            #expect(late?.code == "timeout")
            #expect(ContinuousClock.now - start < .seconds(50))
            let answer = try await integer(quotient(of: 8, 1), pipeline)
            #expect(answer == "8")
            await pipeline.close()
        }
    }

    private func pipeline(_ file: TestPostgres) throws -> PostgresPipeline {
        let parameters = try PostgresURL(file.url).parameters(
            for: file.settings.addresses()[0], .singleReads, file.settings)
        return try PostgresPipeline(parameters, file.settings, name: "test")
    }

    private func integer(_ call: PipelinedCall, _ pipeline: PostgresPipeline) async throws -> String? {
        try await pipeline.run(call)
        return call.result.map { "\(PostgresRow(result: $0, row: 0).integer(0))" }
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

    @Test(.timeLimit(.minutes(5)))
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

    @Test(.timeLimit(.minutes(5)))
    func `a statement that lasts too long is ended by the server`() async throws {
        try await withDriver {
            $0.statementDeadline = .milliseconds(1_500)
        } _: { (driver, file) async throws in
            // Connected before, which is not what must not last; and again behind it.
            #expect(
                try await eventually { await failure { try await driver.write(.system) { _ in } } == nil })
            let start = ContinuousClock.now
            let late = await failure {
                _ = try await driver.write(.system) { try $0.rows("SELECT pg_sleep(60)").count }
            }
            #expect(late?.code == "timeout")
            #expect(ContinuousClock.now - start < .seconds(50))
            #expect(try await eventually { try await sleepers(file) == 0 })
            #expect(
                try await eventually { await failure { try await driver.write(.system) { _ in } } == nil })
        }
    }

    @Test(.timeLimit(.minutes(5)))
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

    @Test(.timeLimit(.minutes(5)))
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

    @Test(.timeLimit(.minutes(5)))
    func `closing waits for what was accepted and refuses the rest`() async throws {
        try await TestPostgres.with([thingsSchema]) { file async throws in
            let driver = try file.driver()
            try await add(1, driver)
            let gate = Gate()
            let accepted = Task {
                try await driver.write(.system) { connection in
                    gate.wait()
                    return try connection.rows("SELECT 1").count
                }
            }
            #expect(try await eventually { driver.load.running == 1 })
            let hasClosed = Atomic(false)
            async let closing: Void = {
                await driver.close()
                hasClosed.store(true, ordering: .releasing)
            }()
            let isRefusing = try await eventually {
                await failure { try await driver.write(.system) { _ in } }?.kind == .unavailable
            }
            #expect(isRefusing)
            #expect(hasClosed.load(ordering: .acquiring) == false)
            gate.open()
            await closing
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
}
