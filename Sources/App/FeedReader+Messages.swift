import Chat
import Feed
import Kernel

extension FeedReader {
    @Sendable func messageSent(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(MessageSent.self)
        let spot = MessageSpot(
            room: payload.room.uuid, message: payload.message.uuid, video: payload.video?.uuid)
        guard let scene = try await scene(event.tenant, spot) else { return [] }
        var told = Told(author: payload.author, audience: payload.audience.map(Set.init))
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
        var told = Told(author: payload.by, audience: payload.audience.map(Set.init))
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

    private struct MessageSpot: Sendable {
        let room: UUIDv7
        let message: UUIDv7
        let video: UUIDv7?

        var place: FeedPlace { FeedPlace(video: video, room: room, message: message) }
    }

    /// What is shown of a message; nil where it, its room or its video is gone.
    private func scene(
        _ tenant: TenantID, _ spot: MessageSpot
    ) async throws -> (wording: Wording, isDirect: Bool)? {
        guard let body = try await owners.message(tenant, spot.message)?.body,
            let room = try await owners.room(tenant, spot.room)
        else { return nil }
        var title: String? = room.title.isEmpty ? nil : room.title
        if let id = spot.video {
            guard let video = try await owners.video(tenant, id) else { return nil }
            title = video.title
        }
        return (Wording(title: title, excerpt: Excerpt.of(body)), room.isDirect)
    }
}
