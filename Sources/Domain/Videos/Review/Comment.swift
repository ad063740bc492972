package import Kernel

package enum CommentSubject {}
package typealias CommentID = Identifier<CommentSubject>

/// What somebody said about a moment of a video. Threads are one level deep: a reply's parent is a comment with none.
package struct Comment: Sendable, Codable, Equatable {
    package enum Author: Sendable, Codable, Equatable {
        case member(UserID)
        /// Somebody who came by a link, under the name that was given there.
        case guest(name: String, share: ShareID)
    }

    package let id: CommentID
    package let video: VideoID
    package let parent: CommentID?
    package let author: Author
    /// A reply has its parent's.
    package let atSeconds: Double
    /// End of a range, not before `atSeconds`.
    package let untilSeconds: Double?
    /// Nil once deleted.
    package private(set) var body: String?
    /// Members that `body` names, each once.
    package private(set) var mentions: [UserID]
    package private(set) var drawing: Drawing?
    package let createdAt: Timestamp
    package private(set) var editedAt: Timestamp?
    package private(set) var deletedAt: Timestamp?
    package private(set) var resolution: Resolution?

    package struct Resolution: Sendable, Codable, Equatable {
        package let at: Timestamp
        package let by: UserID

        package init(at: Timestamp, by: UserID) {
            self.at = at
            self.by = by
        }
    }

    /// What changes over a comment's life, as a store keeps it.
    package struct Content: Sendable {
        package var body: String?
        package var mentions: [UserID]
        package var drawing: Drawing?
        package var editedAt: Timestamp?
        package var deletedAt: Timestamp?
        package var resolution: Resolution?

        package init(
            body: String?, mentions: [UserID], drawing: Drawing? = nil, editedAt: Timestamp? = nil,
            deletedAt: Timestamp? = nil, resolution: Resolution? = nil
        ) {
            self.body = body
            self.mentions = mentions
            self.drawing = drawing
            self.editedAt = editedAt
            self.deletedAt = deletedAt
            self.resolution = resolution
        }
    }

    /// Where a comment stands, which never changes.
    package struct Place: Sendable {
        package let video: VideoID
        package let parent: CommentID?
        package let atSeconds: Double
        package let untilSeconds: Double?

        package init(video: VideoID, parent: CommentID?, atSeconds: Double, untilSeconds: Double?) {
            self.video = video
            self.parent = parent
            self.atSeconds = atSeconds
            self.untilSeconds = untilSeconds
        }
    }

    package init(
        id: CommentID, place: Place, author: Author, createdAt: Timestamp, content: Content
    ) {
        self.id = id
        video = place.video
        parent = place.parent
        atSeconds = place.atSeconds
        untilSeconds = place.untilSeconds
        self.author = author
        self.createdAt = createdAt
        body = content.body
        mentions = content.mentions
        drawing = content.drawing
        editedAt = content.editedAt
        deletedAt = content.deletedAt
        resolution = content.resolution
    }

    package var isDeleted: Bool { deletedAt != nil }
    /// Whether it begins a thread that nobody has settled.
    package var isOpenThread: Bool { parent == nil && !isDeleted && resolution == nil }

    package func isBy(_ user: UserID) -> Bool { author == .member(user) }

    mutating func edit(_ text: CommentText, at time: Timestamp) {
        body = text.body
        mentions = text.mentions
        editedAt = time
    }

    /// Its place in the thread stays; what it said goes.
    mutating func delete(at time: Timestamp) {
        body = nil
        mentions = []
        drawing = nil
        deletedAt = time
    }

    /// False if nothing changes.
    mutating func resolve(_ isResolved: Bool, by user: UserID, at time: Timestamp) -> Bool {
        guard isResolved != (resolution != nil) else { return false }
        resolution = isResolved ? Resolution(at: time, by: user) : nil
        return true
    }
}
