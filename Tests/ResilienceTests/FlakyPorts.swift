import Kernel
import NIOCore
import Resilience

/// A body of given bytes, with a pause before each.
struct PacedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let bytes: [UInt8]
    let pause: Duration
    let time: TimeSource

    init(_ bytes: [UInt8], pause: Duration = .zero, time: TimeSource = .system) {
        self.bytes = bytes
        self.pause = pause
        self.time = time
    }

    func makeAsyncIterator() -> Iterator { Iterator(body: self) }

    struct Iterator: AsyncIteratorProtocol {
        let body: PacedBody
        var index = 0

        init(body: PacedBody) { self.body = body }

        mutating func next() async throws -> ByteBuffer? { try await next(isolation: #isolation) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> ByteBuffer? {
            guard index < body.bytes.count else { return nil }
            if body.pause > .zero { try await body.time.sleep(body.pause) }
            defer { index += 1 }
            return ByteBuffer(bytes: [body.bytes[index]])
        }
    }
}

struct FlakyObjectStore: ObjectStore {
    let dependency: FlakyDependency

    private var stat: ObjectStat {
        ObjectStat(bytes: 1, etag: "e", contentType: "t", modified: Timestamp(milliseconds: 0))
    }

    func put(_ key: String, body: ObjectBody, length: Int64, contentType: String) async throws -> ObjectStat {
        for try await _ in body {}
        try await dependency.touch()
        return stat
    }

    func put(_ key: String, movingFile path: String, contentType: String) async throws -> ObjectStat {
        try await dependency.touch()
        return stat
    }

    func get(_ key: String, range: ByteRange?) async throws -> StoredObject? {
        try await dependency.touch()
        return nil
    }

    func stat(_ key: String) async throws -> ObjectStat? {
        try await dependency.touch()
        return stat
    }

    func list(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await dependency.touch()
        return []
    }

    func delete(prefix: String) async throws { try await dependency.touch() }

    func materialise(_ key: String, at path: String) async throws { try await dependency.touch() }

    func readURL(_ key: String, expiry: Timestamp) throws -> SignedURL? { nil }
}

struct FlakyMultipartStore: MultipartStore {
    let dependency: FlakyDependency

    func begin(_ upload: MultipartUpload) async throws -> String {
        try await dependency.touch()
        return "h"
    }

    func partURL(_ upload: MultipartUpload, number: Int, expiry: Timestamp) throws -> SignedURL {
        SignedURL(url: "/", headers: [:])
    }

    func parts(of upload: MultipartUpload) async throws -> [UploadedPart] {
        try await dependency.touch()
        return []
    }

    func complete(_ upload: MultipartUpload, parts: [UploadedPart.Reference]) async throws -> ObjectStat {
        try await dependency.touch()
        return ObjectStat(bytes: 1, etag: "e", contentType: "t", modified: Timestamp(milliseconds: 0))
    }

    func abort(_ upload: MultipartUpload) async throws { try await dependency.touch() }
}

struct FlakyCache: Cache {
    let dependency: FlakyDependency

    func get(_ key: String) async throws -> [UInt8]? {
        try await dependency.touch()
        return nil
    }

    func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        try await dependency.touch()
    }

    func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool {
        try await dependency.touch()
        return true
    }

    func remove(_ key: String) async throws { try await dependency.touch() }
}

struct FlakyLimiter: RateLimiter {
    let dependency: FlakyDependency

    func take(_ key: String, limit: Int, per period: Duration) async throws -> Duration? {
        try await dependency.touch()
        return nil
    }
}

struct FlakyPubSub: PubSub {
    let dependency: FlakyDependency

    func publish(_ channel: String, _ message: [UInt8]) async throws { try await dependency.touch() }

    func subscribe(
        _ channel: String, capacity: Int
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        try await dependency.touch()
        return AsyncStream { $0.finish() }
    }
}

struct FlakyEventLog: EventLog {
    let dependency: FlakyDependency
    let consumers: FlakyDependency

    init(dependency: FlakyDependency, consumers: FlakyDependency = FlakyDependency()) {
        self.dependency = dependency
        self.consumers = consumers
    }

    func append(_ events: [Event]) async throws { try await dependency.touch() }

    func consumer(of group: String) async throws -> any EventConsumer {
        try await dependency.touch()
        return FlakyConsumer(dependency: consumers)
    }

    func lag(of group: String) async throws -> ConsumerLag {
        try await dependency.touch()
        return ConsumerLag(events: 0, oldest: nil)
    }
}

struct FlakyConsumer: EventConsumer {
    let dependency: FlakyDependency

    func poll(limit: Int, wait: Duration) async throws -> [Delivery] {
        try await dependency.touch()
        return []
    }

    func commit(_ delivery: Delivery) async throws -> Bool {
        try await dependency.touch()
        return true
    }

    func sendBack(_ delivery: Delivery, delay: Duration) async throws { try await dependency.touch() }

    func close() async {
        // Cancellation is how this one ends when it hangs.
        try? await dependency.touch()
    }
}
