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
        /// As it is now; nil where the whole team may see it.
        let members: Set<UserID>?
    }

    struct CommentCard: Sendable {
        let body: String
        let atSeconds: Double
    }

    struct MessageCard: Sendable {
        /// Nil once deleted.
        let body: String?
        /// In its room.
        let number: Int64
        let sentAt: Timestamp
    }

    /// Nil for a thing that is gone, in all of these.
    var video: @Sendable (TenantID, UUIDv7) async throws -> VideoCard?
    var comment: @Sendable (TenantID, UUIDv7) async throws -> CommentCard?
    var message: @Sendable (TenantID, UUIDv7) async throws -> MessageCard?
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
            let found = try await backend.reviews.read(tenant) { try $0.comment(CommentID(id)) }
            return found.flatMap { comment in
                comment.body.map { CommentCard(body: $0, atSeconds: comment.atSeconds) }
            }
        }
        message = { tenant, id in
            try await backend.chat.read(tenant) { try $0.message(MessageID(id)) }.map {
                MessageCard(body: $0.body, number: $0.seq, sentAt: $0.sentAt)
            }
        }
        room = { tenant, id in
            guard let room = try await backend.chat.read(tenant, { try $0.room(RoomID(id)) }), !room.isClosed
            else { return nil }
            return RoomCard(
                title: room.title, isDirect: room.kind == .direct,
                members: room.isPrivate ? Set(room.members) : nil)
        }
        people = { tenant, users in
            try await backend.identity.read(tenant) { Set(try $0.users(Array(users)).map(\.id)) }
        }
    }
}
