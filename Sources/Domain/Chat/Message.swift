package import Kernel

/// What somebody said, as one entry of its room tells it.
///
/// The first entry of a message brings it; each change of it is one more entry with a `seq` of its own, which
/// `revises` the first. Whoever reads stored entries gets the present text with each of them.
package struct Message: Sendable, Equatable, Codable {
    package let roomID: RoomID
    /// Of the entry.
    package var seq: Int64
    package let id: MessageID
    /// Chosen by the client; unique per room and author.
    package let clientID: String
    package let author: UserID
    /// Nil once deleted.
    package var body: String?
    package let parentID: MessageID?
    package let sentAt: Timestamp
    package var editedAt: Timestamp?
    package var deletedAt: Timestamp?
    package var deletedBy: UserID?
    /// The `seq` of the message's first entry; nil for that entry itself.
    package var revises: Int64?

    package init(
        roomID: RoomID, seq: Int64, id: MessageID, clientID: String, author: UserID, body: String?,
        parentID: MessageID? = nil, sentAt: Timestamp
    ) {
        self.roomID = roomID
        self.seq = seq
        self.id = id
        self.clientID = clientID
        self.author = author
        self.body = body
        self.parentID = parentID
        self.sentAt = sentAt
    }

    /// Those whom the text names.
    package var mentions: [UserID] { body.map(Mention.users(in:)) ?? [] }

    /// The same message as the entry `seq` tells it.
    package func told(by seq: Int64) -> Message {
        guard seq != self.seq else { return self }
        var entry = self
        entry.revises = revises ?? self.seq
        entry.seq = seq
        return entry
    }
}

/// A text that a message had, or its deletion.
package struct MessageRevision: Sendable, Equatable, Codable {
    /// Nil where the message was deleted.
    package let body: String?
    package let at: Timestamp
    package let by: UserID

    package init(body: String?, at: Timestamp, by: UserID) {
        self.body = body
        self.at = at
        self.by = by
    }
}

/// A message on its way in.
package struct MessageDraft: Sendable, Equatable {
    package let body: String
    package let parentID: MessageID?
    package let clientID: String

    package init(body: String, parentID: MessageID? = nil, clientID: String) {
        self.body = body
        self.parentID = parentID
        self.clientID = clientID
    }

    /// With its text trimmed; `invalid_request` naming each field that is wrong.
    package func validated() throws(Failure) -> MessageDraft {
        var problems: [Failure.Field] = []
        var body = self.body
        do { body = try MessageText.validated(body) } catch { problems += error.fields }
        if !MessageText.isClientID(clientID) {
            problems.append(
                .init(
                    "clientId", "invalid", "A clientId has 1 to 64 of the characters A-Z, a-z, 0-9, _ and -.")
            )
        }
        guard problems.isEmpty else { throw .invalid(problems) }
        return MessageDraft(body: body, parentID: parentID, clientID: clientID)
    }
}

/// What became of a draft.
package struct SentMessage: Sendable, Equatable, Codable {
    /// As it is now.
    package let message: Message
    /// False if it was sent before under the same client id.
    package let isNew: Bool
}
