import Chat
import Feed
import Identity
import Kernel
import Videos

extension FeedProjection {
    /// Which events of other contexts mean something for the feed, and what. One more is a line here.
    init(store: any FeedStore, pages: FeedPages, notices: NotificationNotices, owners: FeedOwners) {
        let reader = FeedReader(owners: owners)
        self.init(
            store: store, pages: pages, notices: notices,
            readings: [
                VideoUploaded.type: reader.videoUploaded, VideoReady.type: reader.videoReady,
                VideoFailed.type: reader.videoFailed, VideoRenamed.type: reader.videoRenamed,
                VideoVersioned.type: reader.videoVersioned,
                VideoDeleted.type: {
                    [.forget(.video(try $0.payload(VideoDeleted.self).video.uuid))]
                },
                UserJoined.type: { event in
                    let user = try event.payload(UserJoined.self).user
                    return [.tell(event.activity(.userJoined, by: user, FeedPlace(), Wording()))]
                },
                PasswordChanged.type: { event in
                    let user = try event.payload(PasswordChanged.self).user
                    return [.warn(user, .passwordChanged, at: event.time)]
                },
                UserRemoved.type: { [.forget(.person(try $0.payload(UserRemoved.self).user))] },
                CommentAdded.type: reader.commentAdded, CommentEdited.type: reader.commentEdited,
                CommentDeleted.type: {
                    [.forget(.comment(try $0.payload(CommentDeleted.self).comment.uuid))]
                },
                ApprovalGiven.type: reader.approvalGiven,
                MessageSent.type: reader.messageSent, MessageEdited.type: reader.messageEdited,
                MessageDeleted.type: reader.messageDeleted,
                MembersChanged.type: reader.membersChanged,
            ])
    }
}

/// From events to changes of the feed.
struct FeedReader: Sendable {
    let owners: FeedOwners

    @Sendable func videoUploaded(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(VideoUploaded.self)
        let place = FeedPlace(video: payload.video.uuid)
        guard let video = try await owners.video(event.tenant, payload.video.uuid) else { return [] }
        return [
            .tell(event.activity(.videoUploaded, by: payload.uploadedBy, place, Wording(title: video.title)))
        ]
    }

    @Sendable func videoReady(_ event: Event) async throws -> [FeedChange] {
        let place = FeedPlace(video: try event.payload(VideoReady.self).video.uuid)
        return try await outcome(event, .videoReady, .videoReady, place, nil)
    }

    @Sendable func videoFailed(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(VideoFailed.self)
        return try await outcome(
            event, .videoFailed, .videoFailed, FeedPlace(video: payload.video.uuid), payload.detail)
    }

    private func outcome(
        _ event: Event, _ kind: Activity.Kind, _ notice: Notification.Kind, _ place: FeedPlace,
        _ excerpt: String?
    ) async throws -> [FeedChange] {
        guard let id = place.video, let video = try await owners.video(event.tenant, id) else { return [] }
        let wording = Wording(title: video.title, excerpt: excerpt)
        let present = try await owners.people(event.tenant, [video.owner])
        return [
            .tell(event.activity(kind, by: nil, place, wording)),
            .notify(event.notification(notice, by: nil, place, wording), Array(present)),
        ]
    }

    @Sendable func videoRenamed(_ event: Event) async throws -> [FeedChange] {
        let id = try event.payload(VideoRenamed.self).video.uuid
        guard let video = try await owners.video(event.tenant, id) else { return [] }
        return [.retitle(video: id, video.title)]
    }

    @Sendable func videoVersioned(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(VideoVersioned.self)
        guard let video = try await owners.video(event.tenant, payload.video.uuid) else { return [] }
        var activity = event.activity(
            .versionAdded, by: video.owner, FeedPlace(video: payload.video.uuid), Wording(title: video.title))
        activity.count = payload.number
        return [.tell(activity)]
    }

    @Sendable func commentAdded(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(CommentAdded.self)
        guard let body = try await owners.comment(event.tenant, payload.comment.uuid)?.body,
            let video = try await owners.video(event.tenant, payload.video.uuid)
        else { return [] }
        let place = FeedPlace(
            video: payload.video.uuid, comment: payload.comment.uuid, seconds: payload.atSeconds)
        let wording = Wording(title: video.title, excerpt: Excerpt.of(body))
        var told = Told(author: payload.author)
        told.add(.mention, payload.mentions)
        told.add(.reply, [payload.parentAuthor].compactMap(\.self))
        told.add(.comment, [video.owner])
        return [.tell(event.activity(.commentAdded, by: payload.author, place, wording))]
            + (try await notify(told, event, place, wording))
    }

    @Sendable func commentEdited(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(CommentEdited.self)
        let id = payload.comment.uuid
        guard let comment = try await owners.comment(event.tenant, id) else { return [] }
        let excerpt = Excerpt.of(comment.body)
        guard let mentions = payload.mentions,
            let video = try await owners.video(event.tenant, payload.video.uuid)
        else { return [.reword(.comment(id), excerpt)] }
        let place = FeedPlace(video: payload.video.uuid, comment: id, seconds: comment.atSeconds)
        var told = Told(author: payload.by)
        told.add(.mention, mentions)
        return [.reword(.comment(id), excerpt)]
            + (try await notify(
                told, event, place, Wording(title: video.title, excerpt: excerpt), FeedChange.notifyOthers))
    }

    /// A verdict's state stands in the place of an excerpt.
    @Sendable func approvalGiven(_ event: Event) async throws -> [FeedChange] {
        let payload = try event.payload(ApprovalGiven.self)
        guard payload.state != "none", let video = try await owners.video(event.tenant, payload.video.uuid)
        else { return [] }
        let place = FeedPlace(video: payload.video.uuid)
        let wording = Wording(title: video.title, excerpt: payload.state)
        var told = Told(author: payload.by)
        told.add(.approval, [video.owner])
        return [.tell(event.activity(.approvalGiven, by: payload.by, place, wording))]
            + (try await notify(told, event, place, wording))
    }

    func notify(
        _ told: Told, _ event: Event, _ place: FeedPlace, _ wording: Wording,
        _ change: (Notification, [UserID]) -> FeedChange = FeedChange.notify
    ) async throws -> [FeedChange] {
        guard !told.all.isEmpty else { return [] }
        let present = try await owners.people(event.tenant, told.all)
        return told.kinds.compactMap { kind, users in
            let users = users.filter(present.contains)
            guard !users.isEmpty else { return nil }
            return change(event.notification(kind, by: told.author, place, wording), users)
        }
    }
}

/// Whom an event concerns, each for one reason: the first that was given. Never who did it, nor who may not see it.
struct Told {
    let author: UserID?
    /// Nil where all may see it.
    var audience: Set<UserID>?
    private(set) var kinds: [(kind: Notification.Kind, users: [UserID])] = []
    private(set) var all: Set<UserID> = []

    init(author: UserID?, audience: Set<UserID>? = nil) {
        self.author = author
        self.audience = audience
    }

    mutating func add(_ kind: Notification.Kind, _ users: [UserID]) {
        let new = users.filter { user in
            user != author && audience?.contains(user) != false && all.insert(user).inserted
        }
        if !new.isEmpty { kinds.append((kind, new)) }
    }
}

extension Event {
    func activity(
        _ kind: Activity.Kind, by actor: UserID?, _ place: FeedPlace, _ wording: Wording
    ) -> Activity {
        Activity(id: ActivityID(id.uuid), kind, by: actor, at: time, place: place, wording: wording)
    }

    func notification(
        _ kind: Notification.Kind, by actor: UserID?, _ place: FeedPlace, _ wording: Wording
    ) -> Notification {
        Notification(id: NotificationID(id.uuid), kind, by: actor, at: time, place: place, wording: wording)
    }
}
