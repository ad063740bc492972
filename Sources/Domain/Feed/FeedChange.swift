package import Kernel

/// What an event of another context means for the feed and for notifications.
package enum FeedChange: Sendable, Equatable {
    case tell(Activity)
    /// A message of an open room: told with the others of its quarter of an hour. The number is the message's in its
    /// room; the same one counts once.
    case tellMessage(Activity, number: Int64)
    case notify(Notification, [UserID])
    /// As `notify`, but whom no notification tells of that comment or message yet.
    case notifyOthers(Notification, [UserID])
    /// A message of an open room is gone, which was told with others, and sent at about that time. One that is not in a
    /// count takes nothing from it; with its last message an activity goes.
    case takeBack(room: UUIDv7, number: Int64, at: Timestamp)
    /// What one must know who has an account, by letter and whatever one has chosen. It happened at that time.
    case warn(UserID, SecurityLetter, at: Timestamp)
    /// The thing is gone, and with it what was said of it.
    case forget(FeedSubject)
    case retitle(video: UUIDv7, String)
    /// Its text is another.
    case reword(FeedSubject, String?)
    /// People have left a room and keep nothing of it, or, if they were let in again, nothing that happened until then.
    case leave(room: UUIDv7, [UserID], until: Timestamp?)
}

/// A thing of another context that activities and notifications are about.
package enum FeedSubject: Sendable, Hashable {
    case video(UUIDv7)
    case comment(UUIDv7)
    case message(UUIDv7)
    case person(UserID)
}

/// What a change came to.
package struct FeedOutcome: Sendable, Codable, Equatable {
    package var changedFeed = false
    /// Whose notifications are others now.
    package var concerned: Set<UserID> = []

    package init(changedFeed: Bool = false, concerned: Set<UserID> = []) {
        self.changedFeed = changedFeed
        self.concerned = concerned
    }
}

/// The quarters of an hour in which messages of a room are told together.
package enum FeedBucket {
    package static let milliseconds: Int64 = 900_000

    package static func of(_ time: Timestamp) -> Int64 {
        Int64((Double(time.milliseconds) / Double(milliseconds)).rounded(.down))
    }
}
