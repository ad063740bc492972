import Cluster
import Foundation

/// Starts processes of the product over the servers of the bench.
struct AppLauncher: Sendable {
    let app: URL
    let repository: URL
    let servers: StageServers

    private static let patience = Duration.seconds(60)

    /// Waits until it is ready. `environment` is beside the servers' own, or in its place.
    func start(
        role: String, settings: [String], environment more: [String: String] = [:]
    ) async throws -> RunningProgram {
        let admin = try PortChoice.takeOne()
        var environment = servers.environment.merging(more) { $1 }
        // Who owns the tables serves nobody.
        for owner in ["OWNER", "ADMIN"] { environment["CLOUDSTREAM_POSTGRES_\(owner)_URL"] = nil }
        let program = Program(
            executable: app.plainPath, arguments: arguments(role, settings, admin),
            folder: servers.scratch.root,
            environment: environment)
        let started = try await program.start()
        let (probe, end) = (HTTPProbe(port: admin, path: "/readyz"), ContinuousClock.now + Self.patience)
        while !probe.isAnswered {
            guard started.isRunning, ContinuousClock.now < end else {
                throw RunFailure("a process did not get ready as \(role): \(started.errors.suffix(600))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return started
    }

    private func arguments(_ role: String, _ settings: [String], _ admin: Int) -> [String] {
        let common = [
            "admin.port=\(admin)", "http.web=\(repository.appending(path: "web").plainPath)",
            "http.schemas=\(repository.appending(path: "schemas").plainPath)",
            "telemetry.logLevel=warning",
            // What stands before an api here is no gateway of the deployment, or not always.
            "services={network: {}}",
        ]
        let profile = repository.appending(path: "profiles/series-a.yaml").plainPath
        return ["--profile", profile, "--role", role] + (common + settings).flatMap { ["--set", $0] }
    }
}
