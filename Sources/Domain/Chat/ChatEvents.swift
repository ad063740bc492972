package import Kernel

package struct RoomCreated: EventPayload, Equatable {
    package static let type = "room.created"
    package static let version = 1
    package let room: RoomID
    package let kind: Room.Kind
    package let video: RoomID?
    package let isPrivate: Bool
}

/// A room takes no more messages.
package struct RoomClosed: EventPayload, Equatable {
    package static let type = "room.closed"
    package static let version = 1
    package let room: RoomID
}

/// Who belongs to a private room has changed.
package struct MembersChanged: EventPayload, Equatable {
    package static let type = "members.changed"
    package static let version = 1
    package let room: RoomID
    package let joined: [UserID]
    package let left: [UserID]
    /// Nil where nobody of the room did it, and in events of older versions.
    package let by: UserID?
}

/// Somebody said something. What it was stands with the room.
package struct MessageSent: EventPayload, Equatable {
    package static let type = "message.sent"
    package static let version = 1
    package let room: RoomID
    package let message: MessageID
    package let seq: Int64
    package let author: UserID
    package let parent: MessageID?
    package let parentAuthor: UserID?
    package let mentions: [UserID]
    /// Members of a private room; nil where the whole team may see it.
    package let audience: [UserID]?
    package let video: RoomID?
}

/// A message says something else. Whom it names now and did not before is told as `MessageSent` tells it; nil where
/// there is nobody.
package struct MessageEdited: EventPayload, Equatable {
    package static let type = "message.edited"
    package static let version = 1
    package let room: RoomID
    package let message: MessageID
    package let seq: Int64
    package let by: UserID
    package let mentions: [UserID]?
    /// Members of a private room; nil where the whole team may see it.
    package let audience: [UserID]?
    package let video: RoomID?
}

package struct MessageDeleted: EventPayload, Equatable {
    package static let type = "message.deleted"
    package static let version = 1
    package let room: RoomID
    package let message: MessageID
    package let seq: Int64
    package let by: UserID
}
