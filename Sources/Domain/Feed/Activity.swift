package import Kernel

package enum ActivitySubject {}
package enum NotificationSubject {}
package typealias ActivityID = Identifier<ActivitySubject>
package typealias NotificationID = Identifier<NotificationSubject>

/// Something that happened in a team, for all of it to see. Its id is that of the event that told it.
package struct Activity: Sendable, Codable, Equatable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case videoUploaded = "video.uploaded"
        case videoReady = "video.ready"
        case videoFailed = "video.failed"
        case versionAdded = "version.added"
        case commentAdded = "comment.added"
        case approvalGiven = "approval.given"
        case userJoined = "user.joined"
        /// What was said in one room within a quarter of an hour.
        case messagesSent = "messages.sent"
    }

    package let id: ActivityID
    package let kind: Kind
    package let actor: UserID?
    package let at: Timestamp
    package let place: FeedPlace
    package var title: String?
    package var excerpt: String?
    /// How many messages; else 1.
    package var count: Int

    package init(
        id: ActivityID, _ kind: Kind, by actor: UserID?, at: Timestamp, place: FeedPlace = FeedPlace(),
        wording: Wording = Wording(), count: Int = 1
    ) {
        self.id = id
        self.kind = kind
        self.actor = actor
        self.at = at
        self.place = place
        title = wording.title
        excerpt = wording.excerpt
        self.count = count
    }
}

/// Where something happened, by the ids that its owners gave.
package struct FeedPlace: Sendable, Codable, Equatable {
    package var video: UUIDv7?
    package var room: UUIDv7?
    package var comment: UUIDv7?
    package var message: UUIDv7?
    package var seconds: Double?

    package init(
        video: UUIDv7? = nil, room: UUIDv7? = nil, comment: UUIDv7? = nil, message: UUIDv7? = nil,
        seconds: Double? = nil
    ) {
        self.video = video
        self.room = room
        self.comment = comment
        self.message = message
        self.seconds = seconds
    }
}

/// What its owner says of a thing, as far as others show it.
package struct Wording: Sendable, Equatable {
    package let title: String?
    package let excerpt: String?

    package init(title: String? = nil, excerpt: String? = nil) {
        self.title = title
        self.excerpt = excerpt
    }
}
