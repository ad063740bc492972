import Feed
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import ServiceLifecycle

/// A person's notifications as server-sent events: how many are unread, and each new one, until the session ends.
struct NotificationStream: Sendable {
    let feed: TeamFeed
    let notices: NotificationNotices
    let authenticator: Authenticator

    /// Hints may be lost: look again by ourselves this often, also whether the session still holds.
    private static let recheck: Duration = .seconds(2)
    /// Proxies close silent connections; a comment keeps them open.
    private static let silence: Duration = .seconds(15)
    /// Looked at, and remembered as told, at once.
    private static let window = 20

    func response(_ exchange: Exchange) async throws -> Response {
        let caller = try exchange.caller
        let header = exchange.request.headers[.authorization]
        let first = try await look(caller)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await send(first, header, to: &writer)
                try await writer.finish(nil)
            })
    }

    private struct View {
        let caller: Caller
        let unread: Int
        /// Newest first.
        let newest: [Notification]
    }

    private func look(_ caller: Caller) async throws -> View {
        let page = try await feed.notifications(PageRequest(limit: Self.window), caller)
        return View(caller: caller, unread: try await feed.unread(caller), newest: page.items)
    }

    @concurrent private func send(
        _ first: View, _ header: String?, to writer: inout any ResponseBodyWriter
    ) async throws {
        let wakeup = Wakeup()
        let caller = first.caller
        var state = State(unread: first.unread, told: Set(first.newest.map(\.id)))
        try await writer.write(Self.unread(first.unread))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listen(caller, wakeup) }
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
                    let view = try? await look(identity.caller)
                else { return }
                let events = state.events(of: view.newest, view.unread)
                if !events.isEmpty || ContinuousClock.now - lastWrite > Self.silence {
                    lastWrite = .now
                    try await writer.write(
                        events.isEmpty ? ByteBuffer(string: ": still here\n\n") : Self.joined(events))
                }
                await wakeup.wait(after: generation, atMost: Self.recheck)
            }
        }
    }

    /// Hints end where some may have been lost: look, and listen again.
    private func listen(_ caller: Caller, _ wakeup: Wakeup) async throws {
        while !Task.isCancelled {
            if let changes = try? await notices.changes(of: caller.user, in: caller.tenant) {
                wakeup.notify()
                for await _ in changes { wakeup.notify() }
            }
            try await Task.sleep(for: Self.recheck)
        }
    }

    /// What the client has been told.
    private struct State {
        var unread: Int
        var told: Set<NotificationID>

        /// New ones may lie behind older ids, since events of several keys come in no order: so ids are remembered.
        mutating func events(of newest: [Notification], _ unread: Int) -> [ByteBuffer] {
            let new = newest.reversed().filter { !told.contains($0.id) }
            told = Set(newest.map(\.id)).union(
                told.subtracting(newest.map(\.id)).sorted(by: NotificationID.isOlder).suffix(
                    NotificationStream.window * 4))
            var events = new.map(NotificationStream.event)
            if unread != self.unread { events.append(NotificationStream.unread(unread)) }
            self.unread = unread
            return events
        }
    }

    private static func joined(_ events: [ByteBuffer]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for event in events { buffer.writeImmutableBuffer(event) }
        return buffer
    }

    private static func unread(_ count: Int) -> ByteBuffer {
        ByteBuffer(string: "event: unread\ndata: {\"unread\":\(count)}\n\n")
    }

    private static func event(_ notification: Notification) -> ByteBuffer {
        var json = JSONWriter()
        json.object { $0.notification(notification) }
        var buffer = ByteBuffer(string: "event: notification\ndata: ")
        buffer.writeImmutableBuffer(json.buffer)
        buffer.writeString("\n\n")
        return buffer
    }
}

extension NotificationID {
    fileprivate static func isOlder(_ left: NotificationID, _ right: NotificationID) -> Bool {
        (left.uuid.high, left.uuid.low) < (right.uuid.high, right.uuid.low)
    }
}
