import Foundation
import MediaWorker
import Synchronization
import Videos

/// The whole ladder of a film: the product's engine against `ffmpeg`, once in one process, once rung by rung.
struct TranscodeLadder: Scenario {
    let name = "transcode"
    let clip: Clip
    let scratch: Scratch
    let worker: MediaWorkerProgram

    /// The program that is the media worker.
    struct MediaWorkerProgram: Sendable {
        var executable: String
        var arguments = ["media-worker"]
    }

    private static let ours = "CloudStream", split = "one ffmpeg", serial = "ffmpeg per rung"

    var arms: [Arm] {
        [
            Arm(name: Self.ours, run: transcode), Arm(name: Self.split, run: oneProcess),
            Arm(name: Self.serial, run: oneAfterTheOther),
        ]
    }

    let rows: [Row] = [
        Row(
            id: "transcode.split.wall", title: "ladder, time: ours / one ffmpeg with split",
            value: .ratio(.init(arm: ours, measure: .wall), .init(arm: split, measure: .wall))),
        Row(
            id: "transcode.split.cpu", title: "ladder, CPU: ours / one ffmpeg with split",
            value: .ratio(.init(arm: ours, measure: .cpu), .init(arm: split, measure: .cpu))),
        Row(
            id: "transcode.serial.wall", title: "ladder, time: ours / ffmpeg once per rendition",
            value: .ratio(.init(arm: ours, measure: .wall), .init(arm: serial, measure: .wall))),
        Row(
            id: "transcode.serial.cpu", title: "ladder, CPU: ours / ffmpeg once per rendition",
            value: .ratio(.init(arm: ours, measure: .cpu), .init(arm: serial, measure: .cpu))),
        Row(
            id: "transcode.first", title: "first segment of all tracks / whole job",
            value: .ratio(.init(arm: ours, measure: .firstSegment), .init(arm: ours, measure: .wall))),
        Row(
            id: "transcode.bytes", title: "ladder, size: ours / one ffmpeg with split",
            value: .ratio(.init(arm: ours, measure: .outputBytes), .init(arm: split, measure: .outputBytes))),
    ]

    func prepare() async throws { try await clip.prepare() }

    // MARK: Ours

    /// With the limits of `profiles/seed.yaml`.
    private var engine: ChildProcessMediaEngine {
        var configuration = ChildProcessMediaEngine.Configuration()
        configuration.executable = worker.executable
        configuration.arguments = worker.arguments
        configuration.memoryBytes = 4 << 30
        configuration.fileBytes = 2 << 30
        configuration.minimumConfinement = .limits
        return ChildProcessMediaEngine(configuration)
    }

    private func plan() async throws -> (TranscodePlan, MediaProperties) {
        let properties = try await engine.probe(source: clip.url.plainPath)
        return (try Ladder.plan(for: properties, limits: MediaLimits()), properties)
    }

    /// As a job of the product: probe, plan, poster and thumbnails too, which the references are spared.
    private func transcode() async throws -> Reading {
        try await scratch.withFolder { folder in
            let watch = Stopwatch()
            let (plan, properties) = try await plan()
            let tracks = plan.rungs.count + (plan.audio == nil ? 0 : 1)
            let first = FirstSegments(tracks: tracks, watch: watch)
            let summary = try await engine.transcode(
                TranscodeRequest(
                    source: clip.url.plainPath, directory: folder.plainPath, plan: plan,
                    properties: properties,
                    resumeAfterSegments: 0, wantsStills: true)
            ) { first.note($0) }
            let reading: Reading = [.wall: watch.wall, .cpu: watch.cpu]
            guard let firstSegment = first.seconds else { throw RunFailure("no first segment") }
            let bytes = try checkedBytes(in: folder, segments: summary.segments * tracks)
            return reading.merging([.firstSegment: firstSegment, .outputBytes: bytes]) { $1 }
        }
    }

    // MARK: References

    private func oneProcess() async throws -> Reading {
        let (plan, properties) = try await plan()
        let command = LadderCommand(plan: plan, properties: properties, source: clip.url.plainPath)
        return try await scratch.withFolder { folder in
            let watch = Stopwatch()
            try await FFmpeg(folder: folder).run(command.everything(into: folder))
            let reading: Reading = [.wall: watch.wall, .cpu: watch.cpu]
            let bytes = try checkedBytes(in: folder, segments: segments(plan, properties))
            return reading.merging([.outputBytes: bytes]) { $1 }
        }
    }

    private func oneAfterTheOther() async throws -> Reading {
        let (plan, properties) = try await plan()
        let command = LadderCommand(plan: plan, properties: properties, source: clip.url.plainPath)
        return try await scratch.withFolder { folder in
            for rung in plan.rungs {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: rung.name), withIntermediateDirectories: false)
            }
            let watch = Stopwatch()
            for index in plan.rungs.indices {
                try await FFmpeg(folder: folder).run(command.single(index, into: folder))
            }
            let reading: Reading = [.wall: watch.wall, .cpu: watch.cpu]
            let bytes = try checkedBytes(in: folder, segments: segments(plan, properties))
            return reading.merging([.outputBytes: bytes]) { $1 }
        }
    }

    // MARK: Checks

    private func segments(_ plan: TranscodePlan, _ properties: MediaProperties) -> Int {
        let each = Int((properties.durationSeconds / Double(plan.segmentSeconds)).rounded(.up))
        return each * (plan.rungs.count + (plan.audio == nil ? 0 : 1))
    }

    /// The bytes of all segments; throws when there are not as many as the film must give.
    private func checkedBytes(in folder: URL, segments: Int) throws -> Double {
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.plainPath)
            .filter { $0.hasSuffix(".m4s") }
        // Sound is a little longer than the picture, which may give it a segment of its own.
        guard files.count == segments || files.count == segments + 1 else {
            throw RunFailure("\(files.count) segments instead of \(segments)")
        }
        return try files.reduce(0) { sum, file in
            let values = try folder.appending(path: file).resourceValues(forKeys: [.fileSizeKey])
            return sum + Double(values.fileSize ?? 0)
        }
    }
}

/// When every track has had its segment 0.
private final class FirstSegments: Sendable {
    private let tracks: Int
    private let watch: Stopwatch
    private let state = Mutex((seen: Set<String>(), seconds: Double?.none))

    init(tracks: Int, watch: Stopwatch) {
        self.tracks = tracks
        self.watch = watch
    }

    func note(_ step: TranscodeStep) {
        guard case .segment(let track, 0, _, _, _) = step else { return }
        state.withLock { state in
            state.seen.insert(track)
            if state.seen.count == tracks { state.seconds = watch.wall }
        }
    }

    var seconds: Double? { state.withLock { $0.seconds } }
}
