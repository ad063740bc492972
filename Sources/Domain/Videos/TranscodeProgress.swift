import Kernel

/// Takes the encoder's steps in: stores each file, writes playlists, checkpoints, and tells how far it is.
actor TranscodeProgress {
    private(set) var package: HLSPackage
    private let video: VideoID
    private let job: LeasedJob
    private let keys: VideoObjects
    private let work: Transcoding
    private let headway: Headway
    private var checkpointed: Int
    private var told = 0.0
    private var hasMaster = false

    init(
        package: HLSPackage, video: VideoID, job: LeasedJob, keys: VideoObjects, work: Transcoding,
        headway: Headway
    ) {
        self.package = package
        self.video = video
        self.job = job
        self.keys = keys
        self.work = work
        self.headway = headway
        checkpointed = package.completeSegments
    }

    /// Progress is told at each hundredth.
    private static let smallestStep = 0.01

    func take(_ step: TranscodeStep) async throws {
        try await storeFile(of: step)
        package.apply(step)
        if package.completeSegments > checkpointed {
            try await checkpoint()
            try await tell(package.fraction, force: true)
        }
        if case .progress(let fraction) = step { try await tell(fraction, force: false) }
    }

    func finish(_ summary: TranscodeSummary) -> HLSPackage {
        package.finish(summary)
        return package
    }

    private func storeFile(of step: TranscodeStep) async throws {
        switch step {
        case .poster(let file, _, _): try await move(file, "poster.jpg", "image/jpeg")
        case .thumbnails(let file, _, _, _, _, _): try await move(file, "strip.jpg", "image/jpeg")
        case .initialisation(let track, let file, _):
            try await move(file, "\(track)/init.mp4", HLSContentType.initialisation)
        case .segment(let track, let index, let file, _, _):
            try await move(file, "\(track)/\(HLSPackage.segmentName(index))", HLSContentType.segment)
        case .progress: break
        }
    }

    private func move(_ file: String, _ path: String, _ type: String) async throws {
        _ = try await work.objects.put(keys.playback(path), movingFile: file, contentType: type)
    }

    /// A whole column of segments is safe: a killed run goes on behind it, and then players may have it.
    private func checkpoint() async throws {
        let signal = try await work.jobs.heartbeat(
            job.lease, extend: work.settings.lease, checkpoint: JSON.encode(package))
        guard signal == .goOn else { throw CancellationError() }
        checkpointed = package.completeSegments
        headway.make()
        for track in package.trackNames { try await work.putPlaylist(package, track, keys) }
        if !hasMaster {
            try await work.putMaster(package, keys)
            hasMaster = true
        }
    }

    private func tell(_ fraction: Double, force: Bool) async throws {
        guard force || fraction >= told + Self.smallestStep else { return }
        told = max(told, fraction)
        let time = work.now()
        let (package, id, told) = (package, video, told)
        let isWanted = try await work.store.write(WriteContext(tenant: job.tenant)) { writer in
            guard var video = try writer.video(id), video.advance(package, progress: told, at: time) else {
                return false
            }
            try writer.save(video)
            return true
        }
        guard isWanted else { throw CancellationError() }
        await work.notices.changed(id)
    }
}
