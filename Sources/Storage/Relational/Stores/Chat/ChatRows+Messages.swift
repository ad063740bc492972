import Chat
import Kernel

extension ChatRows {
    static let messageColumns =
        "room_id, seq, id, client_id, author, body, parent_id, sent_at, edited_at, deleted_at, deleted_by"

    private static func message(_ row: inout SQLRowReader) throws -> Message {
        var message = Message(
            roomID: try row.next(), seq: try row.next(), id: try row.next(), clientID: try row.next(),
            author: try row.next(), body: try row.nextIfPresent(), parentID: try row.nextIfPresent(),
            sentAt: try row.next())
        message.editedAt = try row.nextIfPresent()
        message.deletedAt = try row.nextIfPresent()
        message.deletedBy = try row.nextIfPresent()
        return message
    }

    private func messages(where condition: SQLText, then tail: SQLText = "") throws -> [Message] {
        try rows.select(
            Self.messageColumns, from: .chatMessages, where: "revises IS NULL AND \(condition)", then: tail,
            decode: Self.message)
    }

    func message(_ id: MessageID) throws -> Message? { try messages(where: "id = \(id)").first }

    func messages(_ ids: [MessageID]) throws -> [Message] {
        ids.isEmpty ? [] : try messages(where: "id IN \(list: ids)")
    }

    func sent(in room: RoomID, as keys: Set<MessageKey>) throws -> [Message] {
        let authors = Array(Set(keys.map(\.author)))
        return try messages(
            where: """
                room_id = \(room) AND author IN \(list: authors) AND client_id IN \(list: keys.map(\.clientID))
                """
        ).filter { keys.contains(MessageKey(author: $0.author, clientID: $0.clientID)) }
    }

    func entries(of room: RoomID, _ window: EntryWindow, limit: Int) throws -> [Message] {
        switch window {
        case .after(let seq): return try entries(of: room, after: seq, limit)
        case .before(let seq):
            var condition: SQLText = "room_id = \(room)"
            if let seq { condition = "\(condition) AND seq < \(seq)" }
            return try messages(where: condition, then: "ORDER BY seq DESC LIMIT \(limit)").reversed()
        }
    }

    private func entries(of room: RoomID, after seq: Int64, _ limit: Int) throws -> [Message] {
        let found = try rows.select(
            "seq, revises", from: .chatMessages, where: "room_id = \(room) AND seq > \(seq)",
            then: "ORDER BY seq LIMIT \(limit)"
        ) { (seq: try $0.next(Int64.self), revises: try $0.nextIfPresent(Int64.self)) }
        guard !found.isEmpty else { return [] }
        let origins = Set(found.map { $0.revises ?? $0.seq }).sorted()
        let messages = Dictionary(
            try messages(where: "room_id = \(room) AND seq IN \(list: origins)").map { ($0.seq, $0) }
        ) { first, _ in first }
        return found.compactMap { messages[$0.revises ?? $0.seq]?.told(by: $0.seq) }
    }

    func unread(in asked: [RoomID], by user: UserID, limit: Int) throws -> [RoomID: Int] {
        guard !asked.isEmpty else { return [:] }
        let mark = rows.subselect(
            "seq", from: .chatMarkers, where: "user_id = \(user) AND room_id = chat_rooms.id")
        // Of each room no more than `limit` rows are walked through.
        let behind = rows.subselect(
            "1", from: .chatMessages,
            where: """
                room_id = chat_rooms.id AND seq > coalesce(\(mark), 0) AND revises IS NULL \
                AND deleted_at IS NULL AND author <> \(user)
                """, then: " ORDER BY seq LIMIT \(limit)")
        return try numbers(
            "id", and: "(SELECT count(*) FROM \(behind) AS behind)", from: .chatRooms,
            where: "id IN \(list: asked)")
    }

    func revisions(of message: MessageID) throws -> [MessageRevision] {
        try rows.select(
            "body, at, by_user", from: .chatRevisions, where: "message_id = \(message)", then: "ORDER BY seq"
        ) { MessageRevision(body: try $0.nextIfPresent(), at: try $0.next(), by: try $0.next()) }
    }

    func messageIDs(_ page: PageRequest) throws -> Page<MessageID> {
        var condition: SQLText = "revises IS NULL"
        let slice = SQLText.rows(of: page)
        if let after = slice.condition { condition = "\(condition) AND \(after)" }
        let found = try rows.select("id", from: .chatMessages, where: condition, then: slice.tail) {
            try $0.next(MessageID.self)
        }
        return Page(reading: found, limit: page.limit) { $0.uuid }
    }
}
