import Chat
import Feed
import Kernel

extension FeedReader {
    @Sendable func messageSent(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(MessageSent.self)
        let spot = MessageSpot(
            room: payload.room.uuid, message: payload.message.uuid, video: payload.video?.uuid)
        guard let scene = try await scene(event.tenant, spot) else { return [] }
        var told = Told(author: payload.author, audience: scene.audience(of: payload.audience))
        told.add(.mention, payload.mentions)
        told.add(.reply, [payload.parentAuthor].compactMap(\.self))
        if scene.isDirect { told.add(.directMessage, payload.audience ?? []) }
        var changes = try await notify(told, event, spot.place, scene.wording)
        if payload.audience == nil {
            let activity = event.activity(.messagesSent, by: payload.author, spot.place, scene.wording)
            changes.append(.tellMessage(activity, number: payload.seq))
        }
        return changes
    }

    /// Names that are new in it are told as if it had been sent with them.
    @Sendable func messageEdited(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(MessageEdited.self)
        let id = payload.message.uuid
        guard let body = try await owners.message(event.tenant, id)?.body else { return [] }
        let reword = FeedChange.reword(.message(id), Excerpt.of(body))
        let spot = MessageSpot(room: payload.room.uuid, message: id, video: payload.video?.uuid)
        guard let mentions = payload.mentions, let scene = try await scene(event.tenant, spot) else {
            return [reword]
        }
        var told = Told(author: payload.by, audience: scene.audience(of: payload.audience))
        told.add(.mention, mentions)
        return [reword] + (try await notify(told, event, spot.place, scene.wording, FeedChange.notifyOthers))
    }

    @Sendable func messageDeleted(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(MessageDeleted.self)
        let id = payload.message.uuid
        guard let message = try await owners.message(event.tenant, id) else { return [.forget(.message(id))] }
        return [
            .takeBack(room: payload.room.uuid, number: message.number, at: message.sentAt),
            .forget(.message(id)),
        ]
    }

    /// Whoever is let into a room learns of it, but of a direct one by what is said there.
    @Sendable func membersChanged(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(MembersChanged.self)
        let id = payload.room.uuid
        let room = try await owners.room(event.tenant, id)
        var changes = leave(id, payload.left, members: room?.members ?? [], at: event.time)
        guard let actor = payload.by, !payload.joined.isEmpty, let room, !room.isDirect
        else { return changes }
        var told = Told(author: actor, audience: room.members)
        told.add(.roomAdded, payload.joined)
        changes += try await notify(told, event, FeedPlace(room: id), Wording(title: room.title))
        return changes
    }

    /// Who is no member keeps nothing of a room, whatever clocks say of what came first. Whoever was let in again keeps what
    /// came since.
    private func leave(
        _ room: UUIDv7, _ left: [UserID], members: Set<UserID>, at time: Timestamp
    ) -> [FeedChange] {
        let (gone, back) = (left.filter { !members.contains($0) }, left.filter(members.contains))
        return (gone.isEmpty ? [] : [.leave(room: room, gone, until: nil)])
            + (back.isEmpty ? [] : [.leave(room: room, back, until: time)])
    }

    private struct MessageSpot: Sendable {
        let room: UUIDv7
        let message: UUIDv7
        let video: UUIDv7?

        var place: FeedPlace { FeedPlace(video: video, room: room, message: message) }
    }

    private struct Scene: Sendable {
        let wording: Wording
        let isDirect: Bool
        /// Nil where the whole team may see it.
        let members: Set<UserID>?

        /// Of those who could see it then, those who can now: an event may be told long after.
        func audience(of event: [UserID]?) -> Set<UserID>? {
            guard let event else { return members }
            return members.map { $0.intersection(event) } ?? Set(event)
        }
    }

    /// What is shown of a message; nil where it, its room or its video is gone.
    private func scene(_ tenant: TenantID, _ spot: MessageSpot) async throws -> Scene? {
        guard let body = try await owners.message(tenant, spot.message)?.body,
            let room = try await owners.room(tenant, spot.room)
        else { return nil }
        var title: String? = room.title.isEmpty ? nil : room.title
        if let id = spot.video {
            guard let video = try await owners.video(tenant, id) else { return nil }
            title = video.title
        }
        return Scene(
            wording: Wording(title: title, excerpt: Excerpt.of(body)), isDirect: room.isDirect,
            members: room.members)
    }
}
