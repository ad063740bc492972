package import Kernel

extension VideoLibrary {
    /// All versions of the film that `id` is one of, newest first, but for those that await their upload.
    package func versions(of id: VideoID, _ caller: Caller) async throws -> [Video] {
        try caller.require(.readVideo)
        return try await store.read(caller.tenant) { reader in
            let video = try Self.found(try reader.video(id))
            return try reader.versions(of: video.version.stack).filter { $0.state != .awaitingUpload }
        }
    }

    /// The place above the newest version of the film that `id` is one of. It becomes the latest when its bytes have come.
    static func nextVersion(
        of id: VideoID, by caller: Caller, _ writer: any VideoWriter
    ) throws -> Video.Version {
        let video = try editable(id, by: caller, writer)
        let newest = try writer.versions(of: video.version.stack).first ?? video
        guard newest.version.number < Video.Version.maximumNumber else {
            throw Failure.conflict("too_many_versions", "This video has as many versions as it may.")
        }
        return Video.Version(
            stack: video.version.stack, number: newest.version.number + 1, isLatest: false)
    }

    /// Marks the version that lists show, and no other.
    static func settleLatest(of stack: VideoID, _ writer: any VideoWriter) throws {
        let versions = try writer.versions(of: stack)
        let latest = Video.latest(of: versions)
        for var video in versions where video.version.isLatest != (video.id == latest) {
            video.version.isLatest.toggle()
            try writer.save(video)
        }
    }
}
