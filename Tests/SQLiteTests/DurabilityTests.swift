import Foundation
import Kernel
import SQLite
import TestDatabase
import TestProcess
import Testing

@testable import Relational

@Suite struct DurabilityTests {
    @Test func `the writer syncs every commit to the disk, in WAL mode`() async throws {
        let file = try TestDatabase.open()
        let synchronous = try await file.driver.write(.system) { try $0.answer("PRAGMA synchronous") }
        let journal = try await file.driver.write(.system) { try $0.answer("PRAGMA journal_mode") }
        #expect(synchronous == "2")
        #expect(journal == "wal")
        await file.close()
    }

    @Test(.timeLimit(.minutes(5)))
    func `what was acknowledged is there after the process was killed`() async throws {
        let file = try TestDatabase.open()
        await file.driver.close()
        for count in [1, 7, 40, 120, 300] {
            let acknowledged = try await killedWhileWriting(to: file.path, after: count)
            let driver = try file.reopened()
            let found = try await driver.read(.system) { connection in
                Set(
                    try SystemReader(connection: connection, scope: ()).select(
                        "number", from: SystemTable("acknowledged")
                    ) { try $0.next(Int.self) })
            }
            #expect(acknowledged.count >= count)
            #expect(acknowledged.subtracting(found).isEmpty)
            #expect(try await driver.read(.system) { try $0.answer("PRAGMA integrity_check") } == "ok")
            try await driver.write(.system) { try $0.script("DELETE FROM acknowledged") }
            await driver.close()
        }
        await file.close()
    }

    /// Runs the writing program until it dies amid its work, and gives what it had said was written.
    private func killedWhileWriting(to path: String, after acknowledgements: Int) async throws -> Set<Int> {
        let (end, output) = try await ChildProcess.run(
            ChildProcess.built("sqlite-writer-fixture"), [path, "32", "\(acknowledgements)"], errors: .null)
        #expect(end == .signal(SIGKILL))
        // The last line may be cut off: only what ends with a newline was said.
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        return Set(lines.dropLast().compactMap { Int($0) })
    }
}
