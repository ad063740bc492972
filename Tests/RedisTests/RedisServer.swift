import Cluster
import Foundation
import Kernel
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestProcess
import TestTime

@testable import Redis

/// A redis-server of a test's own, in a folder of its own.
final class RedisServer: Sendable {
    /// Where Debian puts it.
    static let program = "/usr/bin/redis-server"
    static let isInstalled = FileManager.default.isExecutableFile(atPath: program)

    static let isOpenSSLInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    let port: Int
    let folder: URL
    private let arguments: [String]
    private let process = Mutex<ChildProcess?>(nil)

    private init(port: Int, folder: URL, arguments: [String]) {
        self.port = port
        self.folder = folder
        self.arguments = arguments
    }

    /// A server that answers; `options` are appended to its command line.
    static func start(_ options: [String] = [], files: [String: String] = [:]) async throws -> RedisServer {
        var failure: any Error = RedisServerAbsent()
        for _ in 0..<5 {
            let port = try PortChoice.takeOne()
            let folder = FileManager.default.temporaryDirectory.appending(path: "redis-test-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in files {
                let text = text.replacing("{port}", with: "\(port)").replacing("{folder}", with: folder.path)
                try Data(text.utf8).write(to: folder.appending(path: name))
            }
            let common = [
                "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "", "--loglevel",
                "warning",
            ]
            let arguments = options.map { $0.replacing("{folder}", with: folder.path) }
            let isSentinel = options.contains("--sentinel")
            let server = RedisServer(
                port: port, folder: folder, arguments: isSentinel ? arguments : common + arguments)
            do {
                try await server.launch()
                return server
            } catch {
                failure = error
                server.remove()
            }
        }
        throw failure
    }

    /// Starts it, or starts it again.
    func launch() async throws {
        let process = try ChildProcess(
            Self.program, arguments, folder: folder.path, output: .null, errors: .null)
        self.process.withLock { $0 = process }
        let end = ContinuousClock.now + .patience
        while try await !answers() {
            guard process.isRunning, ContinuousClock.now < end else { throw RedisServerAbsent() }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func answers() async throws -> Bool {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        // Not yet, if it cannot be reached.
        guard let channel = try? await bootstrap.connect(host: "127.0.0.1", port: port).get() else {
            return false
        }
        try await channel.close()
        return true
    }

    /// Stands still, but keeps its connections.
    func pause() { send(signal: SIGSTOP) }

    func resume() { send(signal: SIGCONT) }

    private func send(signal: Int32) { process.withLock { $0 }?.signal(signal) }

    func stop() async {
        send(signal: SIGKILL)
        _ = await process.withLock { $0 }?.ended()
    }

    func remove() {
        send(signal: SIGKILL)
        // What is left in a temporary folder harms nobody.
        try? FileManager.default.removeItem(at: folder)
    }

    var settings: RedisSettings {
        var settings = RedisSettings(url: "redis://127.0.0.1:\(port)")
        settings.commandDeadline = .seconds(20)
        settings.connectDeadline = .seconds(20)
        settings.reconnect = Backoff(first: .milliseconds(10), maximum: .milliseconds(100))
        return settings
    }
}

struct RedisServerAbsent: Error {}

/// Runs `test` with a server of its own.
func withServer(_ options: [String] = [], _ test: (RedisServer) async throws -> Void) async throws {
    let server = try await RedisServer.start(options)
    defer { server.remove() }
    try await test(server)
}

/// Runs `test` with a client, which is closed behind it.
func withClient<Value>(_ settings: RedisSettings, _ test: (RedisClient) async throws -> Value) async throws
    -> Value
{
    let client = try RedisClient(
        settings: settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test"))
    do {
        let value = try await test(client)
        await client.close()
        return value
    } catch {
        await client.close()
        throw error
    }
}

/// The failure that `body` throws; nil if it throws none.
func failure(_ body: () async throws -> Void) async -> Failure? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? Failure) ?? Failure(.internal, "not_a_failure", "\(error)")
    }
}

/// Looks again and again until `condition` holds.
func eventually(within limit: Duration = .patience, _ condition: () async throws -> Bool) async throws
    -> Bool
{
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}
