import Foundation
import TestDatabase
import TestProcess
import Testing

@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct ProcessEndTests {
    @Test func `a process that ends while it connects ends well`() async throws {
        let url = try #require(ProcessInfo.processInfo.environment["CLOUDSTREAM_POSTGRES_URL"])
        for _ in 0..<15 {
            let (end, output) = try await ChildProcess.run(
                ChildProcess.built("postgres-exit-fixture"), [url])
            #expect(end == .exit(0), "\(output)")
        }
    }
}
