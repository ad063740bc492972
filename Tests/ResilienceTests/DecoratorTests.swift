import Kernel
import NIOCore
import Resilience
import TestTime
import Testing

/// A method of a guarded port over a dependency whose mood the test decides.
private struct GuardedMethod: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Whether another try may follow a failed one.
    let isRepeated: Bool
    let call: @Sendable (FlakyDependency, Guarded) async throws -> Void

    init(
        _ name: String, isRepeated: Bool,
        _ call: @escaping @Sendable (FlakyDependency, Guarded) async throws -> Void
    ) {
        testDescription = name
        self.isRepeated = isRepeated
        self.call = call
    }

    static let all = objects + multipart + messages

    private static func store(_ d: FlakyDependency, _ g: Guarded) -> GuardedObjectStore {
        GuardedObjectStore(FlakyObjectStore(dependency: d), by: g)
    }

    private static let objects = [
        GuardedMethod("ObjectStore.put", isRepeated: false) {
            _ = try await store($0, $1).put("k", body: PacedBody([1, 2]), length: 2, contentType: "t")
        },
        GuardedMethod("ObjectStore.put file", isRepeated: false) {
            _ = try await store($0, $1).put("k", movingFile: "/f", contentType: "t")
        },
        GuardedMethod("ObjectStore.get", isRepeated: true) {
            _ = try await store($0, $1).get("k", range: nil)
        },
        GuardedMethod("ObjectStore.stat", isRepeated: true) { _ = try await store($0, $1).stat("k") },
        GuardedMethod("ObjectStore.list", isRepeated: true) {
            _ = try await store($0, $1).list(prefix: "k", after: nil, limit: 1)
        },
        GuardedMethod("ObjectStore.delete", isRepeated: true) {
            try await store($0, $1).delete(prefix: "k")
        },
        GuardedMethod("ObjectStore.materialise", isRepeated: false) {
            try await store($0, $1).materialise("k", at: "/f")
        },
    ]

    private static let upload = MultipartUpload(
        key: "k", id: "i", bytes: 1, partBytes: 1, contentType: "t")

    private static func parts(_ d: FlakyDependency, _ g: Guarded) -> GuardedMultipartStore {
        GuardedMultipartStore(FlakyMultipartStore(dependency: d), by: g)
    }

    private static let multipart = [
        GuardedMethod("MultipartStore.begin", isRepeated: false) {
            _ = try await parts($0, $1).begin(upload)
        },
        GuardedMethod("MultipartStore.parts", isRepeated: true) {
            _ = try await parts($0, $1).parts(of: upload)
        },
        GuardedMethod("MultipartStore.complete", isRepeated: true) {
            _ = try await parts($0, $1).complete(upload, parts: [])
        },
        GuardedMethod("MultipartStore.abort", isRepeated: true) { try await parts($0, $1).abort(upload) },
    ]

    private static func log(_ d: FlakyDependency, _ g: Guarded) -> GuardedEventLog {
        GuardedEventLog(FlakyEventLog(dependency: d), by: g)
    }

    /// Of a log that gave it out while it was well.
    private static func consumer(
        _ d: FlakyDependency, _ g: Guarded
    ) async throws -> any EventConsumer {
        let calm = FlakyEventLog(dependency: FlakyDependency(), consumers: d)
        return try await GuardedEventLog(calm, by: g).consumer(of: "g")
    }

    private static let delivery = Delivery(
        event: Event(
            id: EventID(), type: "t", version: 1, tenant: TenantID(), key: "k",
            time: Timestamp(milliseconds: 0), data: [], traceParent: nil),
        partition: 0, position: 1, attempt: 1)

    private static let messages = [
        GuardedMethod("EventLog.append", isRepeated: true) { try await log($0, $1).append([]) },
        GuardedMethod("EventLog.consumer", isRepeated: false) { _ = try await log($0, $1).consumer(of: "g") },
        GuardedMethod("EventLog.lag", isRepeated: true) { _ = try await log($0, $1).lag(of: "g") },
        GuardedMethod("EventConsumer.poll", isRepeated: false) {
            _ = try await consumer($0, $1).poll(limit: 1, wait: .milliseconds(10))
        },
        GuardedMethod("EventConsumer.commit", isRepeated: true) {
            _ = try await consumer($0, $1).commit(delivery)
        },
        GuardedMethod("EventConsumer.sendBack", isRepeated: false) {
            try await consumer($0, $1).sendBack(delivery, delay: .zero)
        },
    ]
}

@Suite struct DecoratorTests {
    private static func settings() -> Guarded.Settings {
        var settings = Guarded.Settings()
        settings.deadline = .seconds(3)
        settings.attemptDeadline = .seconds(1)
        settings.transferDeadline = .seconds(6)
        // So that it stays out of the way of what is counted here.
        settings.breaker.consecutiveFailures = 100
        return settings
    }

    @Test(arguments: GuardedMethod.all)
    fileprivate func `a dependency that is well is asked once`(_ method: GuardedMethod) async throws {
        let time = SimulatedTime()
        let dependency = FlakyDependency()
        let guarded = Guarded("dependency", settings: Self.settings(), time: time.source)
        try await method.call(dependency, guarded)
        #expect(dependency.calls == 1 && guarded.condition.isUp)
    }

    @Test(arguments: GuardedMethod.all)
    fileprivate func `a dead dependency is unavailable, tried again only where that is safe`(
        _ method: GuardedMethod
    ) async throws {
        let time = SimulatedTime()
        let dependency = FlakyDependency()
        dependency.become(.dead)
        let guarded = Guarded("dependency", settings: Self.settings(), time: time.source)
        let failure = await #expect(throws: Failure.self) {
            try await time.running { try await method.call(dependency, guarded) }
        }
        #expect(failure?.kind == .unavailable)
        #expect(dependency.calls == (method.isRepeated ? 3 : 1))
        #expect(!guarded.condition.isUp)
    }

    @Test(arguments: GuardedMethod.all)
    fileprivate func `a slow dependency is given up in time`(_ method: GuardedMethod) async throws {
        let time = SimulatedTime()
        let dependency = FlakyDependency()
        dependency.become(.slow)
        let guarded = Guarded("dependency", settings: Self.settings(), time: time.source)
        let start = time.now
        let failure = await #expect(throws: Failure.self) {
            try await time.running { try await method.call(dependency, guarded) }
        }
        #expect(failure?.kind == .timeout)
        #expect(time.now - start < .milliseconds(6_500))
        #expect(!guarded.condition.isUp)
    }

    @Test func `a slow client is no slow store`() async throws {
        let time = SimulatedTime()
        let guarded = Guarded("dependency", settings: Self.settings(), time: time.source)
        let store = GuardedObjectStore(FlakyObjectStore(dependency: FlakyDependency()), by: guarded)
        let body = PacedBody([1, 2, 3, 4], pause: .seconds(10), time: time.source)
        let start = time.now
        _ = try await time.running(step: .seconds(1)) {
            try await store.put("k", body: body, length: 4, contentType: "t")
        }
        #expect(time.now - start >= .seconds(40) && guarded.condition.isUp)
    }

    @Test func `closing a consumer that hangs ends in time`() async throws {
        let time = SimulatedTime()
        let dependency = FlakyDependency()
        let log = GuardedEventLog(
            FlakyEventLog(dependency: FlakyDependency(), consumers: dependency),
            by: Guarded("log", settings: Self.settings(), time: time.source))
        let consumer = try await log.consumer(of: "g")
        dependency.become(.slow)
        try await time.running { await consumer.close() }
        #expect(dependency.calls == 1)
    }
}
