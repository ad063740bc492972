import Chat
import Identity
import Kernel
import Profiles
import Videos

extension RoomReactions {
    /// What others tell that concerns rooms.
    func apply(_ event: Event) async throws {
        let tenant = event.tenant
        switch event.type {
        case VideoUploaded.type:
            try await videoUploaded(event.payload(VideoUploaded.self).video.uuid, in: tenant)
        case VideoRenamed.type:
            try await videoRenamed(event.payload(VideoRenamed.self).video.uuid, in: tenant)
        case VideoDeleted.type:
            try await videoDeleted(event.payload(VideoDeleted.self).video.uuid, in: tenant)
        case UserRemoved.type:
            try await userRemoved(event.payload(UserRemoved.self).user, in: tenant)
        default: break
        }
    }
}

extension RoomNeighbours {
    /// The synchronous calls of the chat: whether there is such a video, and who is in the team.
    init(_ backend: Backend) {
        self.init { video, tenant in
            let found = try await backend.videos.read(tenant) { try $0.video(VideoID(video)) }
            guard let found, found.state != .awaitingUpload else { return nil }
            return found.title
        } people: { users, tenant in
            try await backend.identity.read(tenant) { Set(try $0.users(users).map(\.id)) }
        }
    }
}

extension ChatSettings {
    var limits: Rooms.Limits {
        var limits = Rooms.Limits()
        limits.messagesPerMinute = messagesPerMinute
        limits.tenantMessagesPerMinute = tenantMessagesPerMinute
        limits.readMarksPerMinute = readMarksPerMinute
        limits.tenantReadMarksPerMinute = tenantReadMarksPerMinute
        limits.maximumMembers = maximumMembers
        limits.busyRooms = busyRooms
        limits.waitingChanges = waitingChanges
        return limits
    }
}
