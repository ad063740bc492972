package import Kernel

/// Links for guests: made, listed and revoked by members.
package struct Shares: Sendable {
    let store: any ReviewStore
    let reviews: Reviews
    let tokens: any ShareTokens
    let passwords: SharePasswords
    let now: @Sendable () -> Timestamp

    /// Open ones of a video.
    static let maximumOpen = 100

    package init(
        store: any ReviewStore, reviews: Reviews, tokens: any ShareTokens, passwords: SharePasswords,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.reviews = reviews
        self.tokens = tokens
        self.passwords = passwords
        self.now = now
    }

    package struct Offer: Sendable {
        package let share: ShareLink
        /// Shown once; whoever has it, and the password if there is one, may come in.
        package let token: String
    }

    /// `invalid_request`, `too_many_shares`.
    package func create(
        _ request: ShareRequest, of video: VideoID, by caller: Caller, _ once: OnceKey?
    ) async throws -> Offer {
        try caller.require(.shareVideo)
        let time = now()
        let terms = try request.terms(at: time)
        var hash: String?
        if let password = request.password { hash = try await passwords.hash(password) }
        let (id, passwordHash) = (ShareID(), hash)
        let share = try await store.write(WriteContext(caller, once: once)) { writer in
            _ = try VideoLibrary.found(try writer.video(video))
            try Self.requireRoom(for: video, at: time, writer)
            let share = ShareLink(
                id: id, video: video, createdBy: caller.user, createdAt: time, terms: terms)
            try writer.insert(share, passwordHash: passwordHash)
            try writer.publish(
                ShareCreated(video: video, share: id, by: caller.user), key: video.description)
            return share
        }
        // Of the link that was made, which is an earlier one where the request is a repetition.
        let reference = ShareReference(tenant: caller.tenant, share: share.id)
        return Offer(share: share, token: tokens.token(of: reference))
    }

    /// The newest are looked at: older ones have mostly ended.
    private static func requireRoom(for video: VideoID, at time: Timestamp, _ reader: any ReviewReader) throws
    {
        let newest = try reader.shares(of: video, PageRequest(limit: maximumOpen)).items
        guard newest.filter({ $0.admits(at: time) }).count < maximumOpen else {
            throw Failure.conflict("too_many_shares", "This video has many links; revoke some first.")
        }
    }

    package func shares(of video: VideoID, _ page: PageRequest, _ caller: Caller) async throws -> Page<
        ShareLink
    > {
        try caller.require(.shareVideo)
        return try await store.read(caller.tenant) { reader in
            _ = try VideoLibrary.found(try reader.video(video))
            return try reader.shares(of: video, page)
        }
    }

    /// Ends a link for all who came by it, from their next request on. Who made it may, whose video it is, and who may
    /// edit any; again is harmless.
    package func revoke(_ id: ShareID, of video: VideoID, by caller: Caller, _ once: OnceKey?) async throws {
        try caller.require(.shareVideo)
        let time = now()
        _ = try await store.write(WriteContext(caller, once: once)) { writer in
            let found = try VideoLibrary.found(try writer.video(video))
            guard var share = try writer.share(id), share.video == video else {
                throw Failure.notFound("link")
            }
            if share.createdBy != caller.user, found.createdBy != caller.user {
                try caller.require(.editAnyVideo)
            }
            guard share.revoke(at: time) else { return false }
            try writer.save(share)
            try writer.publish(
                ShareRevoked(video: video, share: id, by: caller.user), key: video.description)
            return true
        }
    }
}
