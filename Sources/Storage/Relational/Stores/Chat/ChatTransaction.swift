import Chat
import Kernel

/// One write of a tenant's rooms and messages.
struct ChatTransaction {
    let transaction: TenantTransaction
    var rows: TenantWriter { transaction.rows }
    var stored: ChatRows { ChatRows(rows: transaction.rows.reader) }
}

extension ChatTransaction: RoomReader {
    func room(_ id: RoomID) throws -> Room? { try stored.room(id) }
    func rooms(_ ids: [RoomID]) throws -> [Room] { try stored.rooms(ids) }
    func rooms(_ filter: RoomFilter, _ page: PageRequest) throws -> Page<Room> {
        try stored.rooms(filter, page)
    }
    func directRoom(of pair: RoomPair) throws -> Room? { try stored.directRoom(of: pair) }
    func lastSeqs(of rooms: [RoomID]) throws -> [RoomID: Int64] { try stored.lastSeqs(of: rooms) }
    func memberships(of user: UserID, limit: Int) throws -> [RoomID] {
        try stored.memberships(of: user, limit: limit)
    }
    func markers(of user: UserID, in rooms: [RoomID]) throws -> [RoomID: Int64] {
        try stored.markers(of: user, in: rooms)
    }
}

extension ChatTransaction: MessageReader {
    func message(_ id: MessageID) throws -> Message? { try stored.message(id) }
    func messages(_ ids: [MessageID]) throws -> [Message] { try stored.messages(ids) }
    func entries(of room: RoomID, _ window: EntryWindow, limit: Int) throws -> [Message] {
        try stored.entries(of: room, window, limit: limit)
    }
    func sent(in room: RoomID, as keys: Set<MessageKey>) throws -> [Message] {
        try stored.sent(in: room, as: keys)
    }
    func unread(in rooms: [RoomID], by user: UserID, limit: Int) throws -> [RoomID: Int] {
        try stored.unread(in: rooms, by: user, limit: limit)
    }
    func revisions(of message: MessageID) throws -> [MessageRevision] { try stored.revisions(of: message) }
    func messageIDs(_ page: PageRequest) throws -> Page<MessageID> { try stored.messageIDs(page) }
}

extension ChatTransaction: RoomWriter {
    func held(_ id: RoomID) throws -> Room? {
        let held = try rows.hold(
            ChatRows.roomColumns, from: .chatRooms, where: "id = \(id)", decode: ChatRows.room)
        return try stored.withMembers(held).first
    }

    func save(_ room: Room) throws {
        let pair = room.kind == .direct && room.members.count == 2
        try rows.upsert(
            into: .chatRooms,
            [
                "id": room.id, "kind": room.kind.rawValue, "title": room.title,
                "is_private": room.isPrivate, "is_listed": room.isListed,
                "pair": pair ? RoomPair(room.members[0], room.members[1]).text : nil,
                "created_by": room.createdBy, "created_at": room.createdAt, "last_seq": room.lastSeq,
                "last_message": room.lastMessage, "closed_at": room.closedAt,
            ], key: "tenant_id, id",
            change: """
                title = excluded.title, is_listed = excluded.is_listed, last_seq = excluded.last_seq, \
                last_message = excluded.last_message, closed_at = excluded.closed_at
                """)
    }

    func add(_ users: [UserID], to room: RoomID) throws {
        try rows.insertIfAbsent(
            into: .chatMembers, ["room_id", "user_id"], rows: users.map { [room, $0] })
    }

    func remove(_ users: [UserID], from room: RoomID) throws {
        guard !users.isEmpty else { return }
        try rows.delete(from: .chatMembers, where: "room_id = \(room) AND user_id IN \(list: users)")
    }

    func saveMarker(_ seq: Int64, of user: UserID, in room: RoomID) throws {
        try rows.upsert(
            into: .chatMarkers, ["user_id": user, "room_id": room, "seq": seq],
            key: "tenant_id, user_id, room_id", change: "seq = excluded.seq")
    }

    func publish(_ event: some EventPayload, key: String, traceParent: String?) throws {
        try transaction.publish(event, key: key, traceParent: traceParent)
    }
}

extension ChatTransaction: MessageWriter {
    func append(_ entries: [Message]) throws {
        try rows.insert(
            into: .chatMessages,
            ["room_id", "seq", "id", "revises", "author", "client_id", "body", "parent_id", "sent_at"],
            rows: entries.map { entry in
                guard entry.revises == nil else {
                    let time = entry.deletedAt ?? entry.editedAt ?? entry.sentAt
                    return [entry.roomID, entry.seq, entry.id, entry.revises, nil, nil, nil, nil, time]
                }
                return [
                    entry.roomID, entry.seq, entry.id, nil, entry.author, entry.clientID, entry.body,
                    entry.parentID, entry.sentAt,
                ]
            })
    }

    func replace(_ message: Message) throws {
        try rows.update(
            .chatMessages,
            set: """
                body = \(message.body), edited_at = \(message.editedAt), deleted_at = \(message.deletedAt), \
                deleted_by = \(message.deletedBy)
                """, where: "room_id = \(message.roomID) AND seq = \(message.seq)")
    }

    func keep(_ revision: MessageRevision, of message: MessageID, seq: Int64) throws {
        try rows.insert(
            into: .chatRevisions,
            [
                "message_id": message, "seq": seq, "body": revision.body, "at": revision.at,
                "by_user": revision.by,
            ])
    }
}

extension Room {
    /// Rooms of videos are listed once somebody has spoken in them.
    fileprivate var isListed: Bool { !isClosed && (kind != .video || lastSeq > 0) }
}
