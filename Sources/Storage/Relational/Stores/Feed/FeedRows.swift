import Feed
import Kernel

/// How activities and notifications lie in their rows.
enum FeedRows {
    static let activityColumns = "id, kind, actor, at, video, room, comment, message, title, excerpt, count"

    static func activity(_ row: inout SQLRowReader) throws -> Activity {
        let id: ActivityID = try row.next()
        let kind: Activity.Kind = try row.nextCase()
        let actor: UserID? = try row.nextIfPresent()
        let at: Timestamp = try row.next()
        let place = try place(&row)
        let wording = Wording(title: try row.nextIfPresent(), excerpt: try row.nextIfPresent())
        return Activity(
            id: id, kind, by: actor, at: at, place: place, wording: wording, count: try row.next())
    }

    static let notificationColumns =
        "id, kind, actor, at, video, room, comment, message, seconds, title, excerpt, read_at"

    static func notification(_ row: inout SQLRowReader) throws -> Notification {
        let id: NotificationID = try row.next()
        let kind: Notification.Kind = try row.nextCase()
        let actor: UserID? = try row.nextIfPresent()
        let at: Timestamp = try row.next()
        var place = try place(&row)
        place.seconds = try row.nextIfPresent()
        let wording = Wording(title: try row.nextIfPresent(), excerpt: try row.nextIfPresent())
        return Notification(
            id: id, kind, by: actor, at: at, place: place, wording: wording,
            readAt: try row.nextIfPresent())
    }

    private static func place(_ row: inout SQLRowReader) throws -> FeedPlace {
        FeedPlace(
            video: try row.nextIfPresent(), room: try row.nextIfPresent(), comment: try row.nextIfPresent(),
            message: try row.nextIfPresent())
    }

    static func unread(of user: UserID, _ reader: TenantReader) throws -> Int {
        try reader.first(
            "count(*)", from: .notifications, where: "user_id = \(user) AND shown = 1 AND read_at IS NULL"
        ) { try $0.next() } ?? 0
    }

    static func preferences(of user: UserID, _ reader: TenantReader) throws -> NotificationPreferences? {
        let bytes = try reader.first(
            "preferences", from: .notificationPreferences, where: "user_id = \(user)"
        ) { try $0.next([UInt8].self) }
        return try bytes.map { try JSON.decode(NotificationPreferences.self, $0) }
    }
}
