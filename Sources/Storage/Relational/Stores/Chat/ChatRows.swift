import Chat
import Kernel

/// One tenant's rooms and messages in one snapshot.
struct ChatRows: RoomReader, MessageReader {
    let rows: TenantReader

    static let roomColumns =
        "id, kind, title, is_private, created_by, created_at, last_seq, last_message, closed_at"

    static func room(_ row: inout SQLRowReader) throws -> Room {
        Room(
            id: try row.next(), kind: try row.nextCase(), title: try row.next(), isPrivate: try row.next(),
            createdBy: try row.nextIfPresent(), createdAt: try row.next(), lastSeq: try row.next(),
            lastMessage: try row.nextIfPresent(), closedAt: try row.nextIfPresent())
    }

    func room(_ id: RoomID) throws -> Room? { try rooms([id]).first }

    func rooms(_ ids: [RoomID]) throws -> [Room] {
        try withMembers(
            rows.select(
                Self.roomColumns, from: .chatRooms, where: "id IN \(list: ids)", decode: Self.room))
    }

    func rooms(_ filter: RoomFilter, _ page: PageRequest) throws -> Page<Room> {
        let own = rows.subselect("room_id", from: .chatMembers, where: "user_id = \(filter.viewer)")
        var condition: SQLText = "is_listed = 1 AND (is_private = 0 OR id IN \(own))"
        if let kind = filter.kind { condition = "\(condition) AND kind = \(kind.rawValue)" }
        let slice = SQLText.rows(of: page)
        if let after = slice.condition { condition = "\(condition) AND \(after)" }
        let found = try rows.select(
            Self.roomColumns, from: .chatRooms, where: condition, then: slice.tail, decode: Self.room)
        let listed = Page(reading: found, limit: page.limit) { $0.id.uuid }
        return Page(items: try withMembers(listed.items), next: listed.next)
    }

    func withMembers(_ rooms: [Room]) throws -> [Room] {
        let ids = rooms.filter(\.isPrivate).map(\.id)
        guard !ids.isEmpty else { return rooms }
        var members: [RoomID: [UserID]] = [:]
        let found = try rows.select(
            "room_id, user_id", from: .chatMembers, where: "room_id IN \(list: ids)",
            then: "ORDER BY room_id, user_id"
        ) { (room: try $0.next(RoomID.self), user: try $0.next(UserID.self)) }
        for (room, user) in found { members[room, default: []].append(user) }
        return rooms.map { room in
            var room = room
            room.members = members[room.id] ?? []
            return room
        }
    }

    func directRoom(of pair: RoomPair) throws -> Room? {
        let room = try rows.first(
            Self.roomColumns, from: .chatRooms, where: "pair = \(pair.text)", decode: Self.room)
        return try room.map { try withMembers([$0])[0] }
    }

    func lastSeqs(of rooms: [RoomID]) throws -> [RoomID: Int64] {
        try numbers("id, last_seq", from: .chatRooms, where: "id IN \(list: rooms)")
    }

    func memberships(of user: UserID, limit: Int) throws -> [RoomID] {
        try rows.select(
            "room_id", from: .chatMembers, where: "user_id = \(user)",
            then: "ORDER BY room_id DESC LIMIT \(limit)"
        ) { try $0.next() }
    }

    func markers(of user: UserID, in rooms: [RoomID]) throws -> [RoomID: Int64] {
        try numbers(
            "room_id, seq", from: .chatMarkers, where: "user_id = \(user) AND room_id IN \(list: rooms)")
    }

    func numbers<Number: SQLColumn>(
        _ columns: String, and computed: SQLText? = nil, from table: TenantTable, where condition: SQLText
    ) throws -> [RoomID: Number] {
        let found = try rows.select(columns, and: computed, from: table, where: condition) {
            (room: try $0.next(RoomID.self), number: try $0.next(Number.self))
        }
        return Dictionary(found.map { ($0.room, $0.number) }) { first, _ in first }
    }
}

extension RoomPair {
    /// The same for both orders.
    var text: String { users.map(\.description).joined(separator: " ") }
}

extension SQLReader {
    /// Values of a column within the scope, as a list for `IN`.
    func subselect(
        _ column: String, from table: Table, where condition: SQLText, then tail: SQLText = ""
    ) -> SQLText {
        var sql: SQLText = "("
        sql.append(text: "SELECT \(column) FROM ")
        sql.append(table.piece(isTarget: false))
        sql.append(scoped(condition))
        sql.append(tail)
        sql.append(text: ")")
        return sql
    }
}
