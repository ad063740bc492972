package import Kernel

extension Rooms {
    /// A room that somebody wants.
    package enum Wish: Sendable {
        /// `people` beside oneself belong to it if it is private; else there must be none.
        case team(title: String, isPrivate: Bool, people: [UserID])
        case video(UUIDv7)
        case direct(UserID)
    }

    package struct Found: Sendable {
        package let view: RoomView
        /// False if it was there already.
        package let isNew: Bool
    }

    /// Makes a room; of a video or a pair of people there is one. `forbidden`, `not_found`, `invalid_request`,
    /// `rate_limited` as messages are.
    package func make(_ wish: Wish, by caller: Caller, _ once: OnceKey?) async throws -> Found {
        let (room, isNew) =
            switch wish {
            case .team(let title, let isPrivate, let people):
                try await team(title, isPrivate, people, caller, once)
            case .video(let id): try await video(id, caller, once)
            case .direct(let other): try await direct(with: other, caller, once)
            }
        return Found(view: try await self.room(room, caller), isNew: isNew)
    }

    private func team(
        _ title: String, _ isPrivate: Bool, _ people: [UserID], _ caller: Caller, _ once: OnceKey?
    ) async throws -> (RoomID, Bool) {
        try caller.require(.createRoom)
        try await spend(caller)
        let title = try MessageText.validated(title: title)
        guard isPrivate || people.isEmpty else {
            throw Failure.invalid(
                "userIds", "not_private", "A room that is not private is open to the whole team.")
        }
        let members = isPrivate ? try await checked([caller.user] + people, caller) : []
        let room = Room(
            kind: .team, title: title, isPrivate: isPrivate, members: members, createdBy: caller.user,
            createdAt: now())
        let id = try await store.write(WriteContext(caller, once: once)) { writer in
            try Self.add(room, writer)
            return room.id
        }
        return (id, true)
    }

    private func video(_ video: UUIDv7, _ caller: Caller, _ once: OnceKey?) async throws -> (RoomID, Bool) {
        try caller.require(.readChat)
        guard let title = try await neighbours.videoTitle(video, caller.tenant) else {
            throw Failure.notFound("video")
        }
        return try await findOrAdd(Self.room(of: video, title, at: now()), caller, once) {
            try $0.room(RoomID(video))
        }
    }

    private func direct(
        with other: UserID, _ caller: Caller, _ once: OnceKey?
    ) async throws -> (RoomID, Bool) {
        try caller.require(.sendMessage)
        guard other != caller.user else {
            throw Failure.invalid("userIds", "invalid", "A direct room is with somebody else.")
        }
        try await spend(caller)
        let members = try await checked([caller.user, other], caller)
        let room = Room(kind: .direct, members: members, createdBy: caller.user, createdAt: now())
        let pair = RoomPair(caller.user, other)
        return try await findOrAdd(room, caller, once) { try $0.directRoom(of: pair) }
    }

    private func findOrAdd(
        _ room: Room, _ caller: Caller, _ once: OnceKey?,
        find: @escaping @Sendable (any RoomReader) throws -> Room?
    ) async throws -> (RoomID, Bool) {
        // Looked for without a write, as most are there.
        if once == nil, let found = try await store.read(caller.tenant, { try find($0) }) {
            return (found.id, false)
        }
        let made = try await store.write(WriteContext(caller, once: once)) { writer in
            if let found = try find(writer) { return MadeRoom(id: found.id, isNew: false) }
            try Self.add(room, writer)
            return MadeRoom(id: room.id, isNew: room.kind != .video)
        }
        return (made.id, made.isNew)
    }

    /// Those of the team, each once. `invalid_request` for anybody else, or too many.
    func checked(_ people: [UserID], _ caller: Caller) async throws -> [UserID] {
        var members: [UserID] = []
        for user in people where !members.contains(user) { members.append(user) }
        guard members.count <= limits.maximumMembers else { throw tooManyMembers }
        let known = try await neighbours.people(members, caller.tenant)
        guard members.allSatisfy(known.contains) else {
            throw Failure.invalid("userIds", "unknown", "Somebody of these is not in your team.")
        }
        return members
    }

    var tooManyMembers: Failure {
        .invalid("userIds", "too_many", "A private room has at most \(limits.maximumMembers) members.")
    }

    static func room(of video: UUIDv7, _ title: String, at time: Timestamp) -> Room {
        Room(
            id: RoomID(video), kind: .video, title: String(title.prefix(MessageText.maximumTitle)),
            createdBy: nil, createdAt: time)
    }

    static func add(_ room: Room, _ writer: any ChatWriter) throws {
        try writer.save(room)
        try writer.add(room.members, to: room.id)
        let key = room.id.description
        try writer.publish(
            RoomCreated(
                room: room.id, kind: room.kind, video: room.kind == .video ? room.id : nil,
                isPrivate: room.isPrivate), key: key, traceParent: nil)
        if !room.members.isEmpty {
            try writer.publish(
                MembersChanged(room: room.id, joined: room.members, left: [], by: room.createdBy), key: key,
                traceParent: nil)
        }
    }

    // MARK: - Finding

    /// Rooms that the caller may see, with what is new in them.
    package func rooms(
        _ caller: Caller, _ page: PageRequest, kind: Room.Kind? = nil
    ) async throws -> Page<RoomView> {
        try caller.require(.readChat)
        return try await store.read(caller.tenant) { reader in
            let found = try reader.rooms(RoomFilter(viewer: caller.user, kind: kind), page)
            return Page(items: try Self.views(of: found.items, caller, reader), next: found.next)
        }
    }

    /// The room of a video, also one in which nobody has spoken; none where it is closed or there is no such room.
    package func rooms(ofVideo video: UUIDv7?, _ caller: Caller) async throws -> Page<RoomView> {
        try caller.require(.readChat)
        return try await store.read(caller.tenant) { reader in
            guard let video, let room = try reader.room(RoomID(video)), room.kind == .video, !room.isClosed
            else { return Page(items: [], next: nil) }
            return Page(items: try Self.views(of: [room], caller, reader), next: nil)
        }
    }

    /// `forbidden`, `not_found`.
    package func room(_ id: RoomID, _ caller: Caller) async throws -> RoomView {
        try caller.require(.readChat)
        return try await store.read(caller.tenant) { reader in
            guard let view = try Self.views(of: [Self.visible(id, to: caller, reader)], caller, reader).first
            else { throw Failure.notFound("room") }
            return view
        }
    }

    private static func views(
        of rooms: [Room], _ caller: Caller, _ reader: any ChatReader
    ) throws -> [RoomView] {
        let markers = try reader.markers(of: caller.user, in: rooms.map(\.id))
        let messages = Dictionary(
            try reader.messages(rooms.compactMap(\.lastMessage)).map { ($0.id, $0) }
        ) { first, _ in first }
        let behind = rooms.filter { markers[$0.id] ?? 0 < $0.lastSeq }.map(\.id)
        let unread = try reader.unread(in: behind, by: caller.user, limit: countedUnread)
        return rooms.map { room in
            RoomView(
                room: room, readSeq: markers[room.id] ?? 0, unread: unread[room.id] ?? 0,
                lastMessage: room.lastMessage.flatMap { messages[$0] })
        }
    }
}
