package import Kernel

/// What a letter about notifications says.
package struct LetterText: Sendable, Equatable {
    package let subject: String
    package let body: String

    init(subject: String, body: String) {
        self.subject = subject
        self.body = body
    }

    /// Of one notification. `name` is that of whom an id stands for.
    package init(
        _ notification: Notification, publicURL: String, name: (UserID) -> String?
    ) {
        let headline = Self.headline(notification, name)
        subject = headline
        var lines = [headline + "."]
        if let excerpt = notification.excerpt { lines.append("  " + Self.named(excerpt, name)) }
        lines.append(Self.address(notification.place, publicURL))
        body = lines.joined(separator: "\n\n") + Self.footer(publicURL)
    }

    /// Of several, oldest first, and of more that it has no room for.
    package init(
        digest: [Notification], hasMore: Bool, publicURL: String, name: (UserID) -> String?
    ) {
        let count = (hasMore ? "More than " : "") + "\(digest.count)"
        subject = count == "1" ? "1 thing you missed" : "\(count) things you missed"
        let parts = digest.map { notification in
            var lines = ["- " + Self.headline(notification, name)]
            if let excerpt = notification.excerpt { lines.append("    " + Self.named(excerpt, name)) }
            lines.append("    " + Self.address(notification.place, publicURL))
            return lines.joined(separator: "\n")
        }
        let rest = hasMore ? ["and more: \(publicURL)/#/notifications"] : []
        body = (parts + rest).joined(separator: "\n\n") + Self.footer(publicURL)
    }

    private static func headline(_ notification: Notification, _ name: (UserID) -> String?) -> String {
        let who = notification.actor.map { name($0) ?? "Somebody" } ?? "A guest"
        let title = notification.title.map { "“\($0)”" }
        let place = title.map { " in \($0)" } ?? ""
        return switch notification.kind {
        case .mention: "\(who) mentioned you\(place)"
        case .reply: "\(who) replied to you\(place)"
        case .comment: "\(who) commented on \(title ?? "your video")"
        case .approval: "\(who) reviewed \(title ?? "your video")"
        case .videoReady: "\(title ?? "Your video") is ready to watch"
        case .videoFailed: "\(title ?? "Your video") could not be processed"
        case .directMessage: "\(who) sent you a message"
        case .roomAdded: "\(who) added you to \(title ?? "a room")"
        }
    }

    /// Who is not known is somebody.
    private static func named(_ excerpt: String, _ name: (UserID) -> String?) -> String {
        Mention.naming(excerpt) { name($0) ?? "somebody" }
    }

    private static func address(_ place: FeedPlace, _ publicURL: String) -> String {
        if let video = place.video { return "\(publicURL)/#/videos/\(video)" }
        if let room = place.room { return "\(publicURL)/#/rooms/\(room)" }
        return publicURL
    }

    private static func footer(_ publicURL: String) -> String {
        "\n\n--\nYou choose what comes by e-mail: \(publicURL)/#/settings/notifications\n"
    }
}
