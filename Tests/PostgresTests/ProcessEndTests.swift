import Foundation
import TestDatabase
import Testing

@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct ProcessEndTests {
    @Test func `a process that ends while it connects ends well`() throws {
        let url = try #require(ProcessInfo.processInfo.environment["CLOUDSTREAM_POSTGRES_URL"])
        let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        for _ in 0..<15 {
            let process = Process()
            process.executableURL = folder.appending(path: "postgres-exit-fixture")
            process.arguments = [url]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        }
    }
}
