import Foundation
import Kernel
import Logging
import Resilience
import ServiceLifecycle
import Synchronization
import Testing

@testable import Proxy

/// A gateway at work before backends of a test.
struct GatewayStage: Sendable {
    let proxy: ReverseProxy
    let directory: ChangeableDirectory
    let records: Recorder<AccessRecord>
    let events: Recorder<ProxyEvent>
    let group: ServiceGroup

    var port: Int { proxy.port ?? 0 }

    /// Runs `body` beside a gateway; both have ended when this returns.
    static func run(
        _ backends: [TestBackend], _ change: (inout GatewaySettings) -> Void = { _ in },
        directory other: (any InstanceDirectory)? = nil,
        _ body: @escaping @Sendable (GatewayStage) async throws -> Void
    ) async throws {
        var settings = GatewaySettings()
        settings.port = 0
        settings.threads = 1
        settings.times.drain = .seconds(3)
        settings.probe.interval = .milliseconds(100)
        settings.refresh = .milliseconds(50)
        change(&settings)
        let (records, events) = (Recorder<AccessRecord>(), Recorder<ProxyEvent>())
        let directory = ChangeableDirectory(backends.map(\.instance))
        let proxy = ReverseProxy(
            settings, routes: [RouteRule("all", to: "api", policy: .roundRobin)],
            directory: other ?? directory,
            observer: ProxyObserver(event: { events.add($0) }, access: { records.add($0) }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: proxy)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let stage = GatewayStage(
            proxy: proxy, directory: directory, records: records, events: events, group: group)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try #require(try await eventually { proxy.port != nil })
                try await body(stage)
            } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// One request on a connection of its own: the whole answer.
    func get(_ path: String, method: String = "GET", headers: String = "", body: String = "") async throws
        -> String
    {
        let connection = try await RawConnection(port: port)
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        try await connection.send(
            "\(method) \(path) HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\(length)\(headers)\r\n\(body)")
        let answer = try await connection.readToEnd()
        await connection.close()
        return answer
    }
}

/// Instances that a test changes.
final class ChangeableDirectory: InstanceDirectory {
    private let listed: Mutex<[Instance]>

    init(_ instances: [Instance]) { listed = Mutex(instances) }

    func set(_ instances: [Instance]) { listed.withLock { $0 = instances } }

    func instances(of role: String) async throws -> [Instance] { listed.withLock { $0 } }

    func changes() async throws -> (any AsyncSequence<[UInt8], Never> & Sendable)? { nil }
}

final class Recorder<Item: Sendable>: Sendable {
    private let items = Mutex<[Item]>([])

    var all: [Item] { items.withLock { $0 } }

    func add(_ item: Item) { items.withLock { $0.append(item) } }
}

/// Looks again and again until `condition` holds; false if it still does not after `limit`.
func eventually(within limit: Duration = .seconds(60), _ condition: () -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return condition()
}

extension String {
    /// Of an answer: its status, 0 without one.
    var status: Int { Int(split(separator: " ", maxSplits: 2).dropFirst().first ?? "") ?? 0 }

    /// Of an answer.
    var body: String { range(of: "\r\n\r\n").map { String(self[$0.upperBound...]) } ?? "" }
}
