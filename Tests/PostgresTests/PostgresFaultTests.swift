import Foundation
import Kernel
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

/// A server that dies, freezes, or is not what it seems.
@Suite(
    .serialized, .enabled(if: PostgresPrivateServer.isAvailable, "needs Debian's postgresql-15"),
    .timeLimit(.minutes(5)))
struct PostgresFaultTests {
    @Test func `a server's faults cost what was under way there and nothing more`() async throws {
        try await PostgresPrivateServer.with { machine async throws in
            let server = try machine.server()
            try await PostgresConsole(url: machine.url()).run(
                "CREATE TABLE things (id bigint PRIMARY KEY)", "INSERT INTO things VALUES (1)")
            try await lostConnections(server)
            try await restarted(machine, server)
            await server.close()
            let hasty = try machine.server {
                $0.statementDeadline = .seconds(2)
                $0.connectDeadline = .seconds(1)
            }
            try await frozen(machine, hasty)
            await hasty.close()
        }
    }

    @Test func `passwords and certificates are asked for`() async throws {
        try await PostgresPrivateServer.with { machine async throws in
            for (url, isRight) in [
                (machine.url("wrong"), false), (machine.url("secret"), true),
                (machine.url("secret", "?sslmode=require"), true),
                (machine.url("secret", "?sslmode=verify-full&sslrootcert=\(machine.folder)/root.crt"), true),
                (
                    machine.url(
                        "secret", "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"),
                    false
                ),
                (machine.url("secret", "?sslmode=disable&channel_binding=require"), false),
            ] {
                // Those who are refused try until then.
                let server = try machine.server {
                    $0.url = url
                    if !isRight { $0.statementDeadline = .seconds(2) }
                }
                let question = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                let outcome = await failure {
                    let rows = try await server.write(.system) { try $0.rows(question) }.value
                    if url.contains("sslmode=") { #expect(rows == [["t"]]) }
                }
                #expect((outcome == nil) == isRight, "\(url)")
                if !isRight {
                    #expect(outcome?.kind == .unavailable)
                    #expect(outcome?.description.contains("secret") == false)
                }
                await server.close()
            }
        }
    }

    /// Backends are ended under idle connections, under a transaction, and under a batch that travels.
    private func lostConnections(_ server: PostgresServer) async throws {
        let endOthers =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        for _ in 0..<3 {
            _ = try await server.write(.system) { try $0.rows(endOthers) }
            #expect(try await ids(server) == [1])
            _ = try await server.write(.system) {
                try SystemWriter(connection: $0, scope: ()).insert(into: Self.things, ["id": 2])
            }
            _ = try await server.write(.system) { try $0.rows("DELETE FROM things WHERE id = 2") }
        }
        // In the middle of a transaction: run again from its start on a new connection, or told to have failed.
        let torn = await failure {
            _ = try await server.write(.system) { connection in
                try SystemWriter(connection: connection, scope: ()).insert(into: Self.things, ["id": 3])
                _ = try connection.rows("SELECT pg_terminate_backend(pg_backend_pid())")
            }
        }
        #expect(torn?.kind == .unavailable)
        #expect(torn?.postgres?.mayRunElsewhere == true)
        #expect(try await ids(server) == [1])
        // Reads that travel go once more by themselves.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                group.addTask {
                    if number == 200 { _ = try await server.write(.system) { try $0.rows(endOthers) } }
                    let found = try await ids(server)
                    #expect(found == [1])
                }
            }
            try await group.waitForAll()
        }
    }

    private func restarted(_ machine: PostgresPrivateServer, _ server: PostgresServer) async throws {
        let slow = Task { try await server.write(.system) { try $0.rows("SELECT pg_sleep(60)").count } }
        #expect(try await eventually { server.load.running > 0 })
        try await machine.restart()
        let refused = await failure { _ = try await slow.value }
        #expect(refused?.kind == .unavailable || refused?.kind == .timeout)
        #expect(
            try await eventually {
                do { return try await ids(server) == [1] } catch { return false }
            })
        _ = try await server.probe(within: .seconds(30))
    }

    private func frozen(_ machine: PostgresPrivateServer, _ server: PostgresServer) async throws {
        let isWarm = try await eventually {
            await failure { _ = try await (ids(server), server.probe(within: .seconds(5))) } == nil
        }
        try #require(isWarm)
        try await machine.freeze(true)
        let start = ContinuousClock.now
        async let reading = failure { _ = try await ids(server) }
        async let writing = failure { _ = try await server.write(.system) { try $0.rows("SELECT 1").count } }
        async let probing = failure { _ = try await server.probe(within: .milliseconds(300)) }
        #expect(await probing != nil)
        #expect(ContinuousClock.now - start < .seconds(20))
        let (read, written) = (await reading, await writing)
        #expect(read?.kind == .timeout)
        // Its connection may have to be made first.
        #expect(written?.kind == .timeout || written?.kind == .unavailable)
        #expect(ContinuousClock.now - start < .seconds(60))
        // Giving the server up ends a wait at once.
        let waiting = Task { try await server.write(.system) { try $0.rows("SELECT 2").count } }
        try await Task.sleep(for: .milliseconds(100))
        server.reset()
        let given = await failure { _ = try await waiting.value }
        #expect(given?.kind == .unavailable || given?.kind == .timeout)
        try await machine.freeze(false)
        #expect(
            try await eventually {
                do { return try await ids(server) == [1] } catch { return false }
            })
    }

    fileprivate static let things = SystemTable("things")
}

private func ids(_ server: PostgresServer) async throws -> [Int] {
    try await server.read(.system) {
        try SystemReader(connection: $0, scope: ()).select("id", from: PostgresFaultTests.things) {
            try $0.next(Int.self)
        }
    }.value
}
