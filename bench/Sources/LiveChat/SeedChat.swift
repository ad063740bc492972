import Cluster
import Foundation

/// Starts the product as `seed`, with bounds so wide that what is measured limits and not they.
struct SeedChat: Sendable {
    let app: URL
    let repository: URL

    /// Of the chat, in whatever stage: a crowd is one person here, who says a lot for weeks.
    static let bounds = [
        "http.maximumConnections=20000", "chat.maximumConnections=20000", "chat.framesPerSecond=10000",
        "chat.messagesPerMinute=100000", "chat.tenantMessagesPerMinute=10000000",
        "identity.accessTokenLifetime=24h", "telemetry.logLevel=warning",
    ]

    /// Waits until it is ready. `wrapper` is a command that runs another, and `roles` are all of the profile's if nil.
    func start(
        in folder: URL, port: Int, under wrapper: [String] = [], roles: String? = nil
    ) async throws -> RunningProgram {
        let settings = [
            "http.port=\(port)", "admin.port=\(try PortChoice.takeOne())",
            "http.web=\(repository.appending(path: "web").plainPath)",
            "http.schemas=\(repository.appending(path: "schemas").plainPath)",
        ]
        let profile = repository.appending(path: "profiles/seed.yaml").plainPath
        let command =
            wrapper + [app.plainPath, "--profile", profile] + (roles.map { ["--role", $0] } ?? [])
            + (settings + Self.bounds).flatMap { ["--set", $0] }
        let program = Program(executable: command[0], arguments: Array(command.dropFirst()), folder: folder)
        let running = try await program.start()
        do {
            try await running.untilAnswered(HTTPProbe(port: port, path: "/readyz"), within: .seconds(180))
            return running
        } catch {
            _ = await running.stop()
            throw error
        }
    }

    static func place(port: Int) async throws -> ChatPlace {
        let visitor = SignUp(port: port)
        let token = try await visitor.token()
        return ChatPlace(port: port, token: token, room: try await visitor.room(token))
    }
}

extension RunningProgram {
    func untilAnswered(_ probe: HTTPProbe, within patience: Duration) async throws {
        let end = ContinuousClock.now + patience
        while !probe.isAnswered {
            guard isRunning, ContinuousClock.now < end else {
                throw RunFailure("it did not get ready: \(errors.suffix(600))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
