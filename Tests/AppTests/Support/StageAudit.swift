import Foundation
import Testing

/// What the stores of a stage say at the end, past all processes.
struct StageAudit: Sendable {
    private let environment: [String: String]

    init(_ app: RunningApp) throws {
        var environment = app.place.environment
        let database = try #require(app.place.database)
        environment["AUDIT_URL"] = try StagePlace.onDatabase(
            database, try StagePlace.server(environment, "CLOUDSTREAM_POSTGRES_ADMIN_URL"))
        self.environment = environment
    }

    /// The video of each job that was done, once for each row of the queue; waits until none is left to do.
    func jobsDone() async throws -> [String] {
        let end = ContinuousClock.now + .seconds(120)
        while try await ask("SELECT count(*) FROM jobs WHERE finished_at IS NULL") != ["0"] {
            guard ContinuousClock.now < end else { throw StageFailure("some jobs did not come to their end") }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await ask("SELECT job_key FROM jobs WHERE state = 'done'")
    }

    /// Bytes of the quotas that are taken, of all tenants.
    func usedBytes() async throws -> Int {
        try #require(
            try await ask("SELECT coalesce(sum(bytes), 0) FROM video_usage").first.flatMap { Int($0) })
    }

    private func ask(_ query: String) async throws -> [String] {
        let (status, output) = try await ChildCommand.run(
            "/usr/bin/env", ["psql", environment["AUDIT_URL"] ?? "", "-XAtqc", query], environment)
        guard status == 0 else { throw StageFailure(output) }
        return output.split(separator: "\n").map(String.init)
    }
}
