import Chat
import HTTPTypes
import Hummingbird
import Kernel

/// Rooms and what is said in them; live connections are `/v1/chat`.
struct RoomRoutes: Sendable {
    let rooms: Rooms

    var routes: [Route] {
        [
            Route(.post, "/v1/rooms", handler: make),
            Route(.get, "/v1/rooms", handler: list),
            Route(.get, "/v1/rooms/{id}", handler: room),
            Route(.patch, "/v1/rooms/{id}", handler: rename),
            Route(.post, "/v1/rooms/{id}/members", handler: invite),
            Route(.delete, "/v1/rooms/{id}/members/{userId}", handler: remove),
            Route(.post, "/v1/rooms/{id}/read", handler: read),
        ] + messageRoutes
    }

    private struct WishBody: Decodable, Sendable {
        let kind: Room.Kind
        let title: String?
        let `private`: Bool?
        let userIds: [UserID]?
        let videoId: String?

        func wish() throws -> Rooms.Wish {
            switch kind {
            case .team:
                guard let title else { throw Failure.invalid("title", "required", "A room needs a title.") }
                return .team(title: title, isPrivate: `private` ?? false, people: userIds ?? [])
            case .video:
                guard let videoId else { throw Failure.invalid("videoId", "required", "Which video?") }
                guard let video = UUIDv7(videoId) else { throw Failure.notFound("video") }
                return .video(video)
            case .direct:
                guard let userIds, userIds.count == 1 else {
                    throw Failure.invalid("userIds", "invalid", "A direct room is with one other person.")
                }
                return .direct(userIds[0])
            }
        }
    }

    @Sendable private func make(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(WishBody.self)
        let found = try await rooms.make(input.body.wish(), by: exchange.caller, input.once)
        return .json(
            found.isNew ? .created : .ok, headers: [.location: "/v1/rooms/\(found.view.room.id)"]
        ) { $0.room(found.view) }
    }

    @Sendable private func list(_ exchange: Exchange) async throws -> Response {
        let caller = try exchange.caller
        if let video = exchange.query("videoId") {
            let page = try await rooms.rooms(ofVideo: UUIDv7(video), caller)
            return .list(page) { $0.room($1) }
        }
        var kind: Room.Kind?
        if let text = exchange.query("kind") {
            kind = Room.Kind(rawValue: text)
            guard kind != nil else {
                let known = Room.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure.invalid("kind", "unknown", "A kind is one of \(known).")
            }
        }
        return .list(try await rooms.rooms(caller, exchange.page, kind: kind)) { $0.room($1) }
    }

    @Sendable private func room(_ exchange: Exchange) async throws -> Response {
        let view = try await rooms.room(exchange.id("id", "room"), exchange.caller)
        return .json { $0.room(view) }
    }

    private struct TitleBody: Decodable, Sendable { let title: String }

    @Sendable private func rename(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(TitleBody.self)
        let view = try await rooms.rename(
            exchange.id("id", "room"), to: input.body.title, by: exchange.caller, input.once)
        return .json { $0.room(view) }
    }

    private struct PeopleBody: Decodable, Sendable { let userIds: [UserID] }

    @Sendable private func invite(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(PeopleBody.self)
        let view = try await rooms.invite(
            input.body.userIds, to: exchange.id("id", "room"), by: exchange.caller, input.once)
        return .json { $0.room(view) }
    }

    @Sendable private func remove(_ exchange: Exchange) async throws -> Response {
        try await rooms.remove(
            exchange.id("userId", "member"), from: exchange.id("id", "room"), by: exchange.caller,
            exchange.once())
        return .noContent
    }

    private struct MarkBody: Decodable, Sendable { let seq: Int64 }

    @Sendable private func read(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(MarkBody.self)
        let mark = try await rooms.markRead(
            exchange.id("id", "room"), upTo: input.body.seq, by: exchange.caller)
        return .json { json in
            json.field("roomId", mark.room)
            json.field("readSeq", mark.readSeq)
            json.field("unread", mark.unread)
        }
    }
}

extension JSONWriter {
    mutating func room(_ view: RoomView) {
        let room = view.room
        field("id", room.id)
        field("kind", room.kind.rawValue)
        field("title", room.title)
        if let video = room.video { field("videoId", video.description) } else { null("videoId") }
        field("private", room.isPrivate)
        array("members", room.members) { $0.value($1.description) }
        if let user = room.createdBy { field("createdBy", user) } else { null("createdBy") }
        field("createdAt", room.createdAt)
        field("lastSeq", room.lastSeq)
        field("readSeq", view.readSeq)
        field("unread", view.unread)
        if let last = view.lastMessage {
            object("lastMessage") { $0.message(last) }
        } else {
            null("lastMessage")
        }
        if let time = room.closedAt { field("closedAt", time) } else { null("closedAt") }
    }
}
