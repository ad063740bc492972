import Foundation
import Synchronization
import Videos

@testable import LibAV

/// One finished encode in this process, and what ffprobe says of it.
final class Encoding: Sendable {
    let summary: TranscodeSummary
    let plan: TranscodePlan
    let steps: [TranscodeStep]
    let folder: String

    /// Encodes `source` by the ladder's plan, changed by `change`.
    init(
        _ source: String, resumeAfter: Int = 0, stills: Bool = false, segmentSeconds: Int = 2,
        change: (inout TranscodePlan) -> Void = { _ in }
    ) throws {
        let properties = try Probe.properties(of: source)
        let limits = MediaLimits(preset: "ultrafast", segmentSeconds: segmentSeconds)
        var plan = try Ladder.plan(for: properties, limits: limits)
        change(&plan)
        self.plan = plan
        folder = try Clips.emptyFolder()
        let told = Mutex<[TranscodeStep]>([])
        summary = try Transcode.run(
            TranscodeRequest(
                source: source, directory: folder, plan: plan, properties: properties,
                resumeAfterSegments: resumeAfter, wantsStills: stills)
        ) { step in told.withLock { $0.append(step) } }
        steps = told.withLock { $0 }
    }

    struct Segment: Equatable {
        var index: Int
        var file: String
        var seconds: Double
    }

    func segments(_ track: String) -> [Segment] {
        steps.compactMap {
            guard case .segment(track, let index, let file, let seconds, _) = $0 else { return nil }
            return Segment(index: index, file: file, seconds: seconds)
        }
    }

    func initialisation(_ track: String) -> String? {
        steps.lazy.compactMap {
            guard case .initialisation(track, let file, _) = $0 else { return nil }
            return file
        }.first
    }

    var progress: [Double] {
        steps.compactMap {
            guard case .progress(let fraction) = $0 else { return nil }
            return fraction
        }
    }

    /// Initialisation and segments of a track in one file; those of `earlier` first.
    func joined(_ track: String, after earlier: [Segment] = []) throws -> String {
        var bytes = try Data(contentsOf: URL(filePath: initialisation(track) ?? ""))
        for segment in earlier + segments(track) {
            bytes += try Data(contentsOf: URL(filePath: segment.file))
        }
        let path = folder + "/joined-\(track).mp4"
        try bytes.write(to: URL(filePath: path))
        return path
    }

    /// Initialisation and one segment.
    func single(_ track: String, _ segment: Segment) throws -> String {
        let bytes =
            try Data(contentsOf: URL(filePath: initialisation(track) ?? ""))
            + Data(contentsOf: URL(filePath: segment.file))
        let path = folder + "/single-\(track).mp4"
        try bytes.write(to: URL(filePath: path))
        return path
    }
}

/// What ffprobe and ffmpeg say of a file.
struct Verdict {
    var packets: Int
    var width: Int?
    var height: Int?
    var seconds: Double
    var channels: Int?
    var codec: String
    var pixelFormat: String?
    var frameRate: String?

    init(_ path: String) throws {
        let text = try Program.run(
            "ffprobe",
            [
                "-v", "error", "-count_packets", "-of", "json", "-show_entries",
                "stream=codec_name,width,height,duration,nb_read_packets,channels,pix_fmt,avg_frame_rate",
                path,
            ])
        struct Answer: Decodable {
            struct Stream: Decodable {
                var codecName: String
                var width: Int?
                var height: Int?
                var duration: String?
                var nbReadPackets: String?
                var channels: Int?
                var pixFmt: String?
                var avgFrameRate: String?
            }
            var streams: [Stream]
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let stream = try decoder.decode(Answer.self, from: Data(text.utf8)).streams[0]
        packets = Int(stream.nbReadPackets ?? "") ?? 0
        (width, height) = (stream.width, stream.height)
        seconds = Double(stream.duration ?? "") ?? 0
        (channels, codec) = (stream.channels, stream.codecName)
        (pixelFormat, frameRate) = (stream.pixFmt, stream.avgFrameRate)
    }

    /// Throws when the file does not decode without a complaint.
    static func decodes(_ path: String) throws {
        let complaints = try Program.run(
            "ffmpeg", ["-v", "warning", "-xerror", "-i", path, "-f", "null", "-"])
        if !complaints.isEmpty { throw Program.Failed(output: complaints) }
    }

    /// First packets' flags and times in decode order.
    static func packets(_ path: String) throws -> [(time: Double, isKey: Bool)] {
        try Program.run(
            "ffprobe", ["-v", "error", "-show_entries", "packet=dts_time,flags", "-of", "csv=p=0", path]
        ).split(separator: "\n").map { line in
            let parts = line.split(separator: ",")
            return (Double(parts[0]) ?? -1, parts[1].hasPrefix("K"))
        }
    }

    /// Similarity of two films, 0...1, after `filter` was applied to the second.
    static func similarity(_ first: String, _ second: String, filter: String = "null") throws -> Double {
        let text = try Program.run(
            "ffmpeg",
            [
                "-v", "info", "-i", first, "-i", second, "-lavfi",
                "[0:v]setpts=N/TB/25[a];[1:v]\(filter),setpts=N/TB/25[b];[a][b]ssim", "-f", "null", "-",
            ])
        let tail = text.components(separatedBy: "All:").last ?? ""
        return Double(tail.prefix { $0 != " " }) ?? 0
    }

    /// The grey value at a point of one picture file or of a film's first picture.
    static func brightness(_ path: String, x: Int, y: Int) throws -> Int {
        let raw = path + ".\(x).\(y).raw"
        try Program.run(
            "ffmpeg",
            [
                "-v", "error", "-y", "-i", path, "-frames:v", "1", "-vf", "crop=2:2:\(x):\(y)", "-pix_fmt",
                "gray",
                "-f", "rawvideo", raw,
            ])
        return Int(try Data(contentsOf: URL(filePath: raw)).first ?? 0)
    }
}
