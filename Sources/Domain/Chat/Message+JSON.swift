package import Kernel

extension JSONWriter {
    /// A message's fields as clients get them, by request and over live connections alike.
    package mutating func message(_ message: Message) {
        field("roomId", message.roomID)
        field("seq", message.seq)
        field("id", message.id)
        field("clientId", message.clientID)
        field("author", message.author)
        if let body = message.body { field("body", body) } else { null("body") }
        if let parent = message.parentID { field("parentId", parent) } else { null("parentId") }
        field("sentAt", message.sentAt)
        array("mentions", message.mentions) { $0.value($1.description) }
        if let time = message.editedAt { field("editedAt", time) } else { null("editedAt") }
        if let time = message.deletedAt { field("deletedAt", time) } else { null("deletedAt") }
        if let seq = message.revises { field("revises", seq) } else { null("revises") }
    }
}
