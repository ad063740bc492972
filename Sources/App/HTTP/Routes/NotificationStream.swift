import Feed
import Hummingbird
import Kernel
import NIOCore

/// A person's notifications as server-sent events: how many are unread, and each new one, until the session ends.
struct NotificationStream: Sendable {
    let feed: TeamFeed
    let notices: NotificationNotices
    let events: SessionEvents

    func response(_ exchange: Exchange) throws -> Response {
        let caller = try exchange.caller
        return events.response(exchange, from: NotificationTeller(feed: feed)) { [notices] in
            try await notices.changes(of: caller.user, in: caller.tenant)
        }
    }
}

private struct NotificationTeller: EventTeller {
    let feed: TeamFeed
    private var told: NotificationWindow?
    private var unread: Int?

    init(feed: TeamFeed) { self.feed = feed }

    /// Hints may be lost: look again by ourselves this often.
    private static let recheck: Duration = .seconds(2)

    mutating func look(_ caller: Caller) async throws -> EventLook {
        let (newest, unread) = try await read(caller)
        var look = EventLook(next: Self.recheck)
        for notification in told?.news(in: newest) ?? [] {
            look.events.writeEvent("notification") { $0.notification(notification) }
        }
        if told == nil { told = NotificationWindow(newest) }
        if unread != self.unread { look.events.writeEvent("unread") { $0.field("unread", unread) } }
        self.unread = unread
        return look
    }

    /// One that comes between the two reads is told first and counted at the next look; at the first look, where all
    /// there are count as told, it is counted first and told at the next.
    private func read(_ caller: Caller) async throws -> (newest: [Notification], unread: Int) {
        let before = told == nil ? nil : try await feed.unread(caller)
        let newest = try await feed.notifications(PageRequest(limit: NotificationWindow.size), caller).items
        if let before { return (newest, before) }
        return (newest, try await feed.unread(caller))
    }
}
