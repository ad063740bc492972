package import Kernel

package enum RoomSubject {}
package enum MessageSubject {}
package typealias RoomID = Identifier<RoomSubject>
package typealias MessageID = Identifier<MessageSubject>

/// A place where a team talks. All that happens in it has a sequence number of its own, without holes.
package struct Room: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// Beside a video; has the id of the video.
        case video
        case team
        /// Of two people, made once for each pair.
        case direct
    }

    package let id: RoomID
    package let kind: Kind
    /// Empty for a direct room.
    package var title: String
    /// Whether members alone may see it; a direct room is.
    package let isPrivate: Bool
    /// Of a private room, in order of their ids; empty for one that is open to the team.
    package var members: [UserID]
    /// Nil where an event made it.
    package let createdBy: UserID?
    package let createdAt: Timestamp
    /// Of the last entry; 0 while there is none.
    package var lastSeq: Int64
    /// The last message, also if it was deleted.
    package var lastMessage: MessageID?
    /// A closed room takes no more entries and is in no list.
    package var closedAt: Timestamp?

    package init(
        id: RoomID = RoomID(), kind: Kind, title: String = "", isPrivate: Bool = false,
        members: [UserID] = [], createdBy: UserID?, createdAt: Timestamp, lastSeq: Int64 = 0,
        lastMessage: MessageID? = nil, closedAt: Timestamp? = nil
    ) {
        self.id = id
        self.kind = kind
        self.title = title
        self.isPrivate = isPrivate || kind == .direct
        self.members = members
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.lastSeq = lastSeq
        self.lastMessage = lastMessage
        self.closedAt = closedAt
    }

    package var video: UUIDv7? { kind == .video ? id.uuid : nil }

    package var isClosed: Bool { closedAt != nil }

    package func isVisible(to user: UserID) -> Bool { !isPrivate || members.contains(user) }
}

/// A room as one person finds it.
package struct RoomView: Sendable, Equatable {
    package let room: Room
    /// How far that person has read.
    package let readSeq: Int64
    /// Messages of others behind that; `Rooms.countedUnread` stands for that many or more.
    package let unread: Int
    package let lastMessage: Message?
}
