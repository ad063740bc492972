import Foundation
import Postgres

/// Ends while threads of it are connecting to the database named by its argument.
@main struct PostgresExit {
    static func main() async throws {
        let url = CommandLine.arguments[1]
        for _ in 0..<16 {
            Task {
                // Whatever comes of it: only the end of the process matters.
                while true { _ = try? await PostgresConsole(url: url).run("SELECT 1") }
            }
        }
        try await Task.sleep(for: .milliseconds(300))
        exit(0)
    }
}
