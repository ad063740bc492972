import Kernel
import Testing

@testable import Videos

@Suite struct VideoTests {
    enum Move: String, CaseIterable, Sendable {
        case uploadCompleted, advance, becomeReady, fail
    }

    /// The state that a move leads to; nil where it changes nothing.
    private static let table: [Video.State: [Move: Video.State]] = [
        .awaitingUpload: [.uploadCompleted: .processing],
        .processing: [.advance: .processing, .becomeReady: .ready, .fail: .failed],
        .ready: [:],
        .failed: [:],
    ]

    private static let later = Timestamp(milliseconds: 2_000)

    @Test(arguments: Video.State.allCases, Move.allCases)
    func `a move leads to the state of the table, or changes nothing at all`(
        _ state: Video.State, _ move: Move
    ) {
        var video = Video.sample(in: state)
        let before = video
        let package = HLSPackage.sample(columns: 1)
        let hasMoved =
            switch move {
            case .uploadCompleted: video.uploadCompleted(at: Self.later)
            case .advance: video.advance(package, progress: 0.5, at: Self.later)
            case .becomeReady: video.becomeReady(package, at: Self.later)
            case .fail: video.fail(MediaFailure(.corrupt, "It is torn."), at: Self.later)
            }
        let expected = Self.table[state]?[move]
        #expect(hasMoved == (expected != nil))
        #expect(video.state == expected ?? state)
        if let expected { #expect((video.state, video.updatedAt) == (expected, Self.later)) }
        if expected == nil { #expect(video == before) }
    }

    @Test func `a ready video has all that the package has`() {
        var video = Video.sample(in: .processing)
        var package = HLSPackage.sample(columns: 2)
        package.apply(.poster(file: "p", width: 64, height: 36))
        package.finish(TranscodeSummary(segments: 2, frames: 200, durationSeconds: 7.5))
        #expect(video.becomeReady(package, at: Self.later) == true)
        #expect(video.status.durationSeconds == 7.5)
        #expect(video.status.progress == 1)
        #expect(video.status.isPlayable)
        #expect(video.status.hasPoster)
        #expect(!video.status.hasThumbnails)
        #expect((video.status.width, video.status.height) == (1280, 720))
        #expect(video.status.renditions.map(\.name) == ["720p", "480p"])
    }

    @Test func `progress only grows and is not whole before the end`() {
        var video = Video.sample(in: .processing)
        let package = HLSPackage.sample(columns: 1)
        for (told, shown) in [(0.2, 0.2), (0.1, 0.2), (0.9, 0.9), (1.0, 0.999), (7.0, 0.999), (0, 0.999)] {
            #expect(video.advance(package, progress: told, at: Self.later) == true)
            #expect(video.status.progress == shown)
        }
        #expect(video.status.durationSeconds == 8)
    }

    @Test func `a video plays as soon as a column is whole, and no more once it failed`() {
        var video = Video.sample(in: .processing)
        #expect(video.advance(HLSPackage.sample(columns: 0), progress: 0, at: Self.later) == true)
        #expect(!video.status.isPlayable)
        #expect(video.advance(HLSPackage.sample(columns: 1), progress: 0, at: Self.later) == true)
        #expect(video.status.isPlayable)
        let failure = MediaFailure(.timeout, "It took too long.")
        #expect(video.fail(failure, at: Self.later) == true)
        #expect(!video.status.isPlayable)
        #expect(video.status.failure == failure)
    }

    @Test(arguments: MediaFailure.Code.allCases)
    func `only failures of the machine are tried again`(_ code: MediaFailure.Code) {
        let isOfTheMachine = [.workerCrashed, .timeout, .outOfResources].contains(code)
        #expect(MediaFailure(code, "").isRetryable == isOfTheMachine)
    }

    @Test func `an upload takes parts until it is complete or too old`() {
        let end = Timestamp(milliseconds: 10_000)
        func code(_ state: Upload.State, at time: Timestamp) -> String? {
            let upload = Upload(
                id: UploadID(), video: VideoID(), bytes: 1, partBytes: 1, contentType: "",
                createdBy: UserID(),
                createdAt: Timestamp(milliseconds: 0), expiresAt: end, state: state)
            do {
                try upload.requireOpen(at: time)
                return nil
            } catch { return error.code }
        }
        #expect(code(.open, at: end - .milliseconds(1)) == nil)
        #expect(code(.open, at: end) == "upload_expired")
        #expect(code(.completed, at: end - .milliseconds(1)) == "upload_completed")
        #expect(code(.completed, at: end) == "upload_completed")
    }
}

extension Video {
    static func sample(in state: State) -> Video {
        let announcement = VideoAnnouncement(
            title: "Title", filename: "a.mp4", bytes: 10, contentType: "video/mp4", sha256: nil)
        return Video(
            id: VideoID(), announcement: announcement, createdBy: UserID(),
            createdAt: Timestamp(milliseconds: 1_000),
            status: Status(
                state: state, progress: 0, durationSeconds: nil, width: nil, height: nil, failure: nil,
                renditions: [], isPlayable: false, hasPoster: false, hasThumbnails: false,
                updatedAt: Timestamp(milliseconds: 1_000)))
    }
}

extension MediaProperties {
    static func sample(seconds: Double = 8, hasSound: Bool = true) -> MediaProperties {
        MediaProperties(
            container: "mp4", durationSeconds: seconds, width: 1280, height: 720,
            frameRate: Fraction(30_000, 1_001), isVariableFrameRate: false, videoCodec: "h264", bitDepth: 8,
            rotation: 0,
            audioTracks: hasSound
                ? [.init(stream: 1, codec: "aac", channels: 2, sampleRate: 48_000, language: nil)] : [])
    }
}

extension TranscodePlan {
    static func sample(hasSound: Bool = true) -> TranscodePlan {
        TranscodePlan(
            rungs: [
                Rung(name: "720p", width: 1280, height: 720, videoKilobitsPerSecond: 2_000),
                Rung(name: "480p", width: 854, height: 480, videoKilobitsPerSecond: 1_000),
            ],
            frameRate: Fraction(30_000, 1_001), segmentSeconds: 4,
            audio: hasSound ? Audio(stream: 1, kilobitsPerSecond: 128, sampleRate: 48_000) : nil,
            threadsPerEncoder: 1, preset: "ultrafast")
    }
}

extension HLSPackage {
    /// A package whose tracks all have `columns` segments of 4 seconds.
    static func sample(columns: Int, hasSound: Bool = true) -> HLSPackage {
        var package = HLSPackage(
            properties: .sample(hasSound: hasSound), plan: .sample(hasSound: hasSound))
        for track in package.trackNames {
            package.apply(
                .initialisation(
                    track: track, file: "init.mp4", codec: track == audioTrack ? "mp4a.40.2" : "avc1.64001f"))
        }
        for index in 0..<columns {
            for track in package.trackNames { package.apply(.sampleSegment(track, index)) }
        }
        return package
    }
}

extension TranscodeStep {
    static func sampleSegment(_ track: String, _ index: Int, seconds: Double = 4, bytes: Int = 1_000)
        -> TranscodeStep
    {
        .segment(track: track, index: index, file: "\(index).m4s", durationSeconds: seconds, bytes: bytes)
    }
}
