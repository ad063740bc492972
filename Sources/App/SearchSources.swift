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
            index: backend.search, sources: [.videos(backend.videos), .people(backend.identity)],
            subjects: [
                VideoUploaded.type: { DocumentKey(.video, try $0.payload(VideoUploaded.self).video.uuid) },
                VideoRenamed.type: { DocumentKey(.video, try $0.payload(VideoRenamed.self).video.uuid) },
                VideoDeleted.type: { DocumentKey(.video, try $0.payload(VideoDeleted.self).video.uuid) },
                UserJoined.type: { DocumentKey(.person, try $0.payload(UserJoined.self).user.uuid) },
                UserRenamed.type: { DocumentKey(.person, try $0.payload(UserRenamed.self).user.uuid) },
                UserRemoved.type: { DocumentKey(.person, try $0.payload(UserRemoved.self).user.uuid) },
            ])
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
