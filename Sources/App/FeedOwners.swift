import Chat
import Identity
import Kernel
import Profiles
import Videos

/// What the feed asks the owners of things when it is told of them.
struct FeedOwners: Sendable {
    struct VideoCard: Sendable {
        let title: String
        let owner: UserID
    }

    struct RoomCard: Sendable {
        let title: String
        let isDirect: Bool
    }

    /// Nil for a thing that is gone, in all of these.
    var video: @Sendable (TenantID, UUIDv7) async throws -> VideoCard?
    var comment: @Sendable (TenantID, UUIDv7) async throws -> String?
    var message: @Sendable (TenantID, UUIDv7) async throws -> String?
    var room: @Sendable (TenantID, UUIDv7) async throws -> RoomCard?
    /// Those of the given who belong to the team.
    var people: @Sendable (TenantID, Set<UserID>) async throws -> Set<UserID>
}

extension FeedOwners {
    init(_ backend: Backend) {
        video = { tenant, id in
            guard let video = try await backend.videos.read(tenant, { try $0.video(VideoID(id)) }),
                video.state != .awaitingUpload
            else { return nil }
            return VideoCard(title: video.title, owner: video.createdBy)
        }
        comment = { tenant, id in
            try await backend.reviews.read(tenant) { try $0.comment(CommentID(id)) }?.body
        }
        message = { tenant, id in
            try await backend.chat.read(tenant) { try $0.message(MessageID(id)) }?.body
        }
        room = { tenant, id in
            guard let room = try await backend.chat.read(tenant, { try $0.room(RoomID(id)) }), !room.isClosed
            else { return nil }
            return RoomCard(title: room.title, isDirect: room.kind == .direct)
        }
        people = { tenant, users in
            try await backend.identity.read(tenant) { reader in
                try users.filter { try reader.user($0) != nil }
            }
        }
    }
}
