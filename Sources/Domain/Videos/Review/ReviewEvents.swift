package import Kernel

/// Somebody commented; a member, or a guest who came by a link.
package struct CommentAdded: EventPayload, Equatable {
    package static let type = "comment.added"
    package static let version = 1
    package let video: VideoID
    package let comment: CommentID
    package let author: UserID?
    /// The link by which a guest came.
    package let guest: ShareID?
    package let parent: CommentID?
    /// The member who began the thread.
    package let parentAuthor: UserID?
    package let mentions: [UserID]
    package let atSeconds: Double
}

package struct CommentEdited: EventPayload, Equatable {
    package static let type = "comment.edited"
    package static let version = 1
    package let video: VideoID
    package let comment: CommentID
    /// Its author.
    package let by: UserID?
    /// Members whom it names now and did not before; nil where there are none.
    package let mentions: [UserID]?
}

/// A comment is gone, by itself or with its video.
package struct CommentDeleted: EventPayload, Equatable {
    package static let type = "comment.deleted"
    package static let version = 1
    package let video: VideoID
    package let comment: CommentID
}

/// A thread was settled, or opened again.
package struct CommentResolved: EventPayload, Equatable {
    package static let type = "comment.resolved"
    package static let version = 1
    package let video: VideoID
    package let comment: CommentID
    package let by: UserID
    package let isResolved: Bool
}

/// A member judged a version, or took the verdict back (`none`).
package struct ApprovalGiven: EventPayload, Equatable {
    package static let type = "approval.given"
    package static let version = 1
    package let video: VideoID
    package let by: UserID
    package let state: String
}

/// The bytes of a later version have come.
package struct VideoVersioned: EventPayload, Equatable {
    package static let type = "video.versioned"
    package static let version = 1
    package let video: VideoID
    package let stack: VideoID
    package let number: Int
}

package struct ShareCreated: EventPayload, Equatable {
    package static let type = "share.created"
    package static let version = 1
    package let video: VideoID
    package let share: ShareID
    package let by: UserID
}

package struct ShareRevoked: EventPayload, Equatable {
    package static let type = "share.revoked"
    package static let version = 1
    package let video: VideoID
    package let share: ShareID
    package let by: UserID
}
