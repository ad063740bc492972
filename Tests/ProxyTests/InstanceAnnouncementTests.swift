import Kernel
import Logging
import ServiceLifecycle
import Testing

@testable import Proxy

@Suite struct InstanceAnnouncementTests {
    /// Writes down what it is told; fails when asked to.
    private struct NotedRegistry: InstanceRegistry {
        let notes: Recorder<String>
        var fails = false

        func announce(_ instance: Instance) async throws {
            notes.add("\(instance.state.rawValue) \(instance.load)")
            if fails { throw Failure.unavailable("registry") }
        }

        func withdraw(_ id: String) async throws { notes.add("gone \(id)") }

        func instances(of role: String) async throws -> [Instance] { [] }

        func changes() async throws -> (any AsyncSequence<[UInt8], Never> & Sendable)? { nil }
    }

    private func run(_ registry: NotedRegistry, failures: Recorder<Failure.Kind>) async throws {
        var settings = InstanceAnnouncement.Settings()
        settings.heartbeat = .milliseconds(10)
        settings.drainNotice = .milliseconds(50)
        let announcement = InstanceAnnouncement(
            Instance(id: "a", role: "api", address: .init(host: "h", port: 1)), in: registry,
            settings: settings, measure: { (registry.notes.all.isEmpty ? .starting : .ready, 7) },
            onFailure: { failures.add($0.kind) })
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: announcement)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            #expect(try await eventually { registry.notes.all.count > 3 })
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func `heartbeats while it lives, then it drains, then it is gone`() async throws {
        let registry = NotedRegistry(notes: Recorder())
        try await run(registry, failures: Recorder())
        let notes = registry.notes.all
        #expect(notes.prefix(2) == ["starting 7", "ready 7"])
        #expect(notes.suffix(2) == ["draining 7", "gone a"])
    }

    @Test func `a registry that fails is told again with the next heartbeat`() async throws {
        let failures = Recorder<Failure.Kind>()
        try await run(NotedRegistry(notes: Recorder(), fails: true), failures: failures)
        #expect(failures.all.count > 3 && Set(failures.all) == [.unavailable])
    }
}
