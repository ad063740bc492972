package import Kernel

/// Signs the paths under which a video's package is read: per video and time window, not per viewer, so that a
/// CDN serves one copy to all.
package protocol PlaybackSigner: Sendable {
    /// Equal for all who ask within one window.
    func grant(tenant: TenantID, video: VideoID, at time: Timestamp) -> PlaybackGrant
    /// For guests of one link, which ends by `end` at the latest.
    func grant(tenant: TenantID, video: VideoID, share: ShareID, until end: Timestamp, at time: Timestamp)
        -> PlaybackGrant
    /// Whose video `token` opens, and until when; nil unless it is genuine, in time and for `video`.
    func verify(token: String, video: VideoID, at time: Timestamp) -> VerifiedPlayback?
}

package struct PlaybackGrant: Sendable, Equatable {
    package let token: String
    package let expiresAt: Timestamp

    package init(token: String, expiresAt: Timestamp) {
        self.token = token
        self.expiresAt = expiresAt
    }
}

package struct VerifiedPlayback: Sendable, Equatable {
    package let tenant: TenantID
    package let expiresAt: Timestamp
    /// The link by which a guest watches; nil for members.
    package let share: ShareID?

    package init(tenant: TenantID, expiresAt: Timestamp, share: ShareID? = nil) {
        self.tenant = tenant
        self.expiresAt = expiresAt
        self.share = share
    }
}

/// Reads the files of packages for those who hold a grant.
package struct Playback: Sendable {
    private let objects: any ObjectStore
    package let signer: any PlaybackSigner
    private let isShareOpen: @Sendable (ShareID, TenantID) async throws -> Bool
    private let isUnderPressure: @Sendable () -> Bool
    private let now: @Sendable () -> Timestamp

    /// While `isUnderPressure`, players that begin are offered all qualities but the highest, so that all keep playing.
    /// What guests ask for is asked of their link each time, since a link can be revoked.
    package init(
        objects: any ObjectStore, signer: any PlaybackSigner,
        isShareOpen: @escaping @Sendable (ShareID, TenantID) async throws -> Bool = { _, _ in false },
        isUnderPressure: @escaping @Sendable () -> Bool = { false },
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.objects = objects
        self.signer = signer
        self.isShareOpen = isShareOpen
        self.isUnderPressure = isUnderPressure
        self.now = now
    }

    private static let masterPlaylist = "master.m3u8"

    package struct File: Sendable {
        package let object: StoredObject
        /// How long a cache may keep it.
        package let lifetime: Duration
        /// Its bytes will never change under this address.
        package let isImmutable: Bool
        /// For one link's guests, so no cache between may keep it.
        package let isPrivate: Bool
    }

    /// `signature_invalid`, `not_found`, `invalid_range`.
    package func file(token: String, video: VideoID, path: String, range: ByteRange?) async throws -> File {
        let time = now()
        guard let grant = signer.verify(token: token, video: video, at: time) else { throw Self.refused }
        if let share = grant.share {
            guard try await isShareOpen(share, grant.tenant) else { throw Self.refused }
        }
        let keys = VideoObjects(tenant: grant.tenant, video: video)
        guard var object = try await objects.get(keys.playback(path), range: range) else {
            throw Failure.notFound("file")
        }
        if path == Self.masterPlaylist, range == nil, isUnderPressure() {
            object = try await MasterPlaylist.withoutTopRendition(object)
        }
        // Playlists grow while the video is processed, so caches ask again soon; the ETag makes that cheap.
        let isPlaylist = path.hasSuffix(".m3u8")
        return File(
            object: object, lifetime: isPlaylist ? .seconds(1) : grant.expiresAt - time,
            isImmutable: !isPlaylist, isPrivate: grant.share != nil)
    }

    private static let refused = Failure(
        .forbidden, "signature_invalid", "This playback address has expired; load the video anew.")
}
