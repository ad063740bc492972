import Foundation
import Kernel
import Synchronization
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL"))
struct PostgresServerTests: ThingsStage {
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
