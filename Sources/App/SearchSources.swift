import Chat
import Identity
import Kernel
import Profiles
import Search
import Videos

extension SearchProjection {
    /// What can be found, where it comes from, and which events tell that it has changed. A kind more is a source and
    /// its events here.
    init(_ backend: Backend) {
        self.init(
            index: backend.search,
            sources: [
                .videos(backend.videos), .comments(backend.reviews), .people(backend.identity),
                .messages(backend.chat),
            ],
            subjects: [
                VideoUploaded.type: { DocumentKey(.video, try $0.payload(VideoUploaded.self).video.uuid) },
                VideoRenamed.type: { DocumentKey(.video, try $0.payload(VideoRenamed.self).video.uuid) },
                CommentAdded.type: { DocumentKey(.comment, try $0.payload(CommentAdded.self).comment.uuid) },
                CommentEdited.type: {
                    DocumentKey(.comment, try $0.payload(CommentEdited.self).comment.uuid)
                },
                CommentDeleted.type: {
                    DocumentKey(.comment, try $0.payload(CommentDeleted.self).comment.uuid)
                },
                VideoDeleted.type: { DocumentKey(.video, try $0.payload(VideoDeleted.self).video.uuid) },
                UserJoined.type: { DocumentKey(.person, try $0.payload(UserJoined.self).user.uuid) },
                UserRenamed.type: { DocumentKey(.person, try $0.payload(UserRenamed.self).user.uuid) },
                UserRemoved.type: { DocumentKey(.person, try $0.payload(UserRemoved.self).user.uuid) },
                MessageSent.type: { DocumentKey(.message, try $0.payload(MessageSent.self).message.uuid) },
                MessageEdited.type: {
                    DocumentKey(.message, try $0.payload(MessageEdited.self).message.uuid)
                },
                MessageDeleted.type: {
                    DocumentKey(.message, try $0.payload(MessageDeleted.self).message.uuid)
                },
            ],
            closedRooms: [RoomClosed.type: { try $0.payload(RoomClosed.self).room.uuid }])
    }
}

extension SearchSource {
    /// Videos by their titles. One that awaits its upload is not for finding.
    static func videos(_ store: any VideoStore) -> SearchSource {
        SearchSource(.video) { tenant, id in
            guard let video = try await store.read(tenant, { try $0.video(VideoID(id)) }),
                video.state != .awaitingUpload
            else { return nil }
            return SearchDocument(DocumentKey(.video, id), title: video.title, author: video.createdBy)
        } ids: { tenant, page in
            try await store.read(tenant) { try $0.videos(page, state: nil) }.map(\.id.uuid)
        }
    }

    /// Messages by what they say, without the marks of mentions, in rooms that are not closed; those of a private room for its members.
    static func messages(_ store: any ChatStore) -> SearchSource {
        SearchSource(.message) { tenant, id in
            try await store.read(tenant) { reader in
                guard let message = try reader.message(MessageID(id)), let body = message.body,
                    let room = try reader.room(message.roomID), !room.isClosed
                else { return nil }
                return SearchDocument(
                    DocumentKey(.message, id), title: "", text: Mention.removed(from: body),
                    author: message.author,
                    room: room.id.uuid, audience: room.isPrivate ? room.id.uuid : nil)
            }
        } ids: { tenant, page in
            try await store.read(tenant) { try $0.messageIDs(page) }.map(\.uuid)
        }
    }

    /// Comments by what they say, without the marks of mentions, in the room of their video. Those of a video that is gone are gone, too.
    static func comments(_ store: any ReviewStore) -> SearchSource {
        SearchSource(.comment) { tenant, id in
            let found = try await store.read(tenant) { reader -> Comment? in
                guard let comment = try reader.comment(CommentID(id)),
                    try reader.video(comment.video) != nil
                else { return nil }
                return comment
            }
            guard let found, let body = found.body else { return nil }
            return SearchDocument(
                DocumentKey(.comment, id), title: "", text: Mention.removed(from: body),
                author: found.author.member,
                room: found.video.uuid)
        } ids: { tenant, page in
            try await store.read(tenant) { try $0.commentIDs(page) }.map(\.uuid)
        }
    }

    /// People by their names and addresses.
    static func people(_ store: any IdentityStore) -> SearchSource {
        SearchSource(.person) { tenant, id in
            guard let user = try await store.read(tenant, { try $0.user(UserID(id)) }) else { return nil }
            return SearchDocument(DocumentKey(.person, id), title: user.name, text: user.email)
        } ids: { tenant, page in
            try await store.read(tenant) { try $0.users(page) }.map(\.id.uuid)
        }
    }
}
