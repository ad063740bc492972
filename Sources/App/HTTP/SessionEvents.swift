import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import ServiceLifecycle

/// What one stream tells: it looks, and remembers what was told.
protocol EventTeller: Sendable {
    /// What is new for the caller since the last look.
    mutating func look(_ caller: Caller) async throws -> EventLook
}

/// What a look came to.
struct EventLook: Sendable {
    /// Server-sent events, of which there may be none.
    var events = ByteBuffer()
    /// How long until the next look where no hint comes; nil where there is nothing more to tell.
    var next: Duration?
}

/// Server-sent events for one session, until there is nothing more to tell or the session ends.
struct SessionEvents: Sendable {
    let authenticator: Authenticator
    /// Nil where the store has no replicas.
    let positions: SessionPositions?

    /// Ends where some hints may have been lost.
    typealias Hints = @Sendable () async throws -> any AsyncSequence<[UInt8], Never> & Sendable

    /// Proxies close silent connections; a comment keeps them open.
    private static let silence: Duration = .seconds(15)
    private static let relisten: Duration = .seconds(1)

    func response(_ exchange: Exchange, from teller: some EventTeller, hints: @escaping Hints) -> Response {
        let header = exchange.request.headers[.authorization]
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await send(teller, header, hints, to: &writer)
                try await writer.finish(nil)
            })
    }

    @concurrent private func send(
        _ teller: some EventTeller, _ header: String?, _ hints: @escaping Hints,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        let wakeup = Wakeup()
        var teller = teller
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Self.listen(hints, wakeup) }
            group.addTask {
                // Ends the wait at once when the server drains.
                try? await gracefulShutdown()
                wakeup.notify()
            }
            defer { group.cancelAll() }
            var lastWrite = ContinuousClock.now
            while !Task.isShuttingDownGracefully {
                let generation = wakeup.generation
                // Whoever may no longer look gets nothing more; the client logs in again and comes back.
                guard let identity = try? await authenticator.authenticate(header),
                    let look = try? await look(&teller, identity.caller)
                else { return }
                let isSilent = look.events.readableBytes == 0
                if !isSilent || ContinuousClock.now - lastWrite > Self.silence {
                    lastWrite = .now
                    try await writer.write(isSilent ? ByteBuffer(string: ": still here\n\n") : look.events)
                }
                guard let next = look.next else { return }
                await wakeup.wait(after: generation, atMost: next)
            }
        }
    }

    /// The caller's next request sees what is told here.
    private func look(_ teller: inout some EventTeller, _ caller: Caller) async throws -> EventLook {
        let session = Consistency(readsPrimary: true)
        let look = try await Consistency.$current.withValue(session) { try await teller.look(caller) }
        if look.events.readableBytes > 0 { await positions?.store(session, caller) }
        return look
    }

    private static func listen(_ hints: @escaping Hints, _ wakeup: Wakeup) async throws {
        while !Task.isCancelled {
            if let changes = try? await hints() {
                wakeup.notify()
                for await _ in changes { wakeup.notify() }
            }
            try await Task.sleep(for: relisten)
        }
    }
}

extension ByteBuffer {
    /// Adds a server-sent event whose data is one object.
    mutating func writeEvent(_ name: String, _ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.object(body)
        writeString("event: \(name)\ndata: ")
        writeImmutableBuffer(json.buffer)
        writeString("\n\n")
    }
}
