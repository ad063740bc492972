import Feed
import Hummingbird
import Kernel

/// What happened in the team, and what each should know of it.
struct FeedRoutes: Sendable {
    let feed: TeamFeed
    let stream: NotificationStream

    var routes: [Route] {
        [
            Route(.get, "/v1/feed", handler: activities),
            Route(.get, "/v1/notifications", handler: notifications),
            Route(.post, "/v1/notifications/read", handler: markRead),
            Route(.get, "/v1/notifications/events", isStream: true, handler: events),
            Route(.get, "/v1/notifications/preferences", handler: preferences),
            Route(.put, "/v1/notifications/preferences", handler: savePreferences),
        ]
    }

    @Sendable private func activities(_ exchange: Exchange) async throws -> Response {
        .list(try await feed.activities(exchange.page, exchange.caller)) { $0.activity($1) }
    }

    @Sendable private func notifications(_ exchange: Exchange) async throws -> Response {
        let caller = try exchange.caller
        // Counted first, so that who marks all up to the newest of the page leaves none of these unread.
        let unread = try await feed.unread(caller)
        let page = try await feed.notifications(
            exchange.page, unreadOnly: exchange.flag("unread") ?? false, caller)
        return .json { json in
            json.array("items", page.items) { json, item in json.object { $0.notification(item) } }
            if let next = page.next {
                json.field("nextCursor", next.description)
            } else {
                json.null("nextCursor")
            }
            json.field("unread", unread)
        }
    }

    private struct ReadBody: Decodable, Sendable {
        let ids: [NotificationID]?
        let through: NotificationID?
    }

    /// Marking again changes nothing: a key would add nothing.
    @Sendable private func markRead(_ exchange: Exchange) async throws -> Response {
        let body = try await exchange.input(ReadBody.self).body
        let selection: ReadSelection
        switch (body.ids, body.through) {
        case (let ids?, nil): selection = .these(ids)
        case (nil, let id?): selection = .through(id)
        default: throw Failure.invalid("ids", "one_of", "Please send either ids or through.")
        }
        let unread = try await feed.markRead(selection, exchange.caller)
        return .json { $0.field("unread", unread) }
    }

    @Sendable private func events(_ exchange: Exchange) async throws -> Response {
        try stream.response(exchange)
    }

    @Sendable private func preferences(_ exchange: Exchange) async throws -> Response {
        let preferences = try await feed.preferences(exchange.caller)
        return .json { $0.preferences(preferences) }
    }

    @Sendable private func savePreferences(_ exchange: Exchange) async throws -> Response {
        let body = try await exchange.input(PreferencesBody.self).body
        let preferences = try await feed.changePreferences(exchange.caller) { try body.value(over: $0) }
        return .json { $0.preferences(preferences) }
    }
}

/// Kinds that are left out stay as they are.
private struct PreferencesBody: Decodable, Sendable {
    struct Digest: Decodable, Sendable {
        let period: NotificationPreferences.Digest.Period
        let hour: Int
    }

    struct Quiet: Decodable, Sendable {
        let from: String
        let until: String
    }

    let email: [String: NotificationPreferences.Mailing]?
    let inApp: [String: Bool]?
    let digest: Digest?
    let quietHours: Quiet?
    let timeZone: String?

    func value(over old: NotificationPreferences) throws -> NotificationPreferences {
        var new = old
        for (name, mailing) in email ?? [:] { new.email[try Self.kind(name, "email")] = mailing }
        for (name, isShown) in inApp ?? [:] { new.inApp[try Self.kind(name, "inApp")] = isShown }
        if let digest { new.digest = .init(period: digest.period, hour: digest.hour) }
        new.quietHours = try quietHours.map { quiet in
            guard let from = QuietHours.minute(quiet.from), let until = QuietHours.minute(quiet.until) else {
                throw Failure.invalid("quietHours", "malformed", "Quiet hours look like 22:00 and 07:00.")
            }
            return QuietHours(from: from, until: until)
        }
        if let timeZone { new.timeZone = timeZone }
        return new
    }

    private static func kind(_ name: String, _ field: String) throws -> Notification.Kind {
        guard let kind = Notification.Kind(rawValue: name) else {
            let known = Notification.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.invalid("\(field).\(name)", "unknown", "Kinds are \(known).")
        }
        return kind
    }
}

extension JSONWriter {
    mutating func activity(_ activity: Activity) {
        field("id", activity.id)
        field("type", activity.kind.rawValue)
        textOrNull("actor", activity.actor?.description)
        field("at", activity.at)
        place(activity.place)
        textOrNull("title", activity.title)
        textOrNull("excerpt", activity.excerpt)
        field("count", activity.count)
    }

    mutating func notification(_ notification: Notification) {
        field("id", notification.id)
        field("kind", notification.kind.rawValue)
        textOrNull("actor", notification.actor?.description)
        field("at", notification.at)
        textOrNull("readAt", notification.readAt?.description)
        place(notification.place)
        textOrNull("messageId", notification.place.message?.description)
        if let seconds = notification.place.seconds {
            field("atSeconds", seconds)
        } else {
            null("atSeconds")
        }
        textOrNull("title", notification.title)
        textOrNull("excerpt", notification.excerpt)
    }

    private mutating func place(_ place: FeedPlace) {
        textOrNull("videoId", place.video?.description)
        textOrNull("roomId", place.room?.description)
        textOrNull("commentId", place.comment?.description)
    }

    fileprivate mutating func preferences(_ preferences: NotificationPreferences) {
        object("email") { json in
            for kind in Notification.Kind.allCases {
                json.field(kind.rawValue, (preferences.email[kind] ?? .off).rawValue)
            }
        }
        object("inApp") { json in
            for kind in Notification.Kind.allCases { json.field(kind.rawValue, preferences.isShown(kind)) }
        }
        object("digest") { json in
            json.field("period", preferences.digest.period.rawValue)
            json.field("hour", preferences.digest.hour)
        }
        if let quiet = preferences.quietHours {
            object("quietHours") { json in
                json.field("from", QuietHours.text(quiet.from))
                json.field("until", QuietHours.text(quiet.until))
            }
        } else {
            null("quietHours")
        }
        field("timeZone", preferences.timeZone)
    }
}
