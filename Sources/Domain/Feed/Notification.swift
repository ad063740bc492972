package import Kernel

/// Something that one person should know. Its id is that of the event that told it: an event tells one person once.
package struct Notification: Sendable, Codable, Equatable {
    package enum Kind: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
        case mention, reply, comment, approval
        case videoReady = "video_ready"
        case videoFailed = "video_failed"
        case directMessage = "direct_message"
        case roomAdded = "room_added"
    }

    package let id: NotificationID
    package let kind: Kind
    /// Nil where nobody did it, or a guest.
    package let actor: UserID?
    package let at: Timestamp
    package let place: FeedPlace
    package var title: String?
    package var excerpt: String?
    package var readAt: Timestamp?

    package init(
        id: NotificationID, _ kind: Kind, by actor: UserID?, at: Timestamp, place: FeedPlace,
        wording: Wording, readAt: Timestamp? = nil
    ) {
        self.id = id
        self.kind = kind
        self.actor = actor
        self.at = at
        self.place = place
        title = wording.title
        excerpt = wording.excerpt
        self.readAt = readAt
    }
}
