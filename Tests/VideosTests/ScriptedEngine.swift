import Foundation
import Kernel
import Synchronization
import Videos

/// An engine that writes small files as a real one would, and lets a test come between its steps.
final class ScriptedEngine: MediaEngine {
    /// Called before each step is told, with its place in the run.
    typealias Interruption = @Sendable (TranscodeStep) async throws -> Void

    private let properties: MediaProperties
    private let columns: Int
    private let interruption: Interruption
    private let told = Mutex<[TranscodeRequest]>([])

    init(
        properties: MediaProperties = .scripted(), columns: Int = 3,
        before interruption: @escaping Interruption = { _ in }
    ) {
        self.properties = properties
        self.columns = columns
        self.interruption = interruption
    }

    /// What was asked of `transcode`, in order.
    var requests: [TranscodeRequest] { told.withLock { $0 } }

    func probe(source: String) async throws -> MediaProperties {
        guard FileManager.default.fileExists(atPath: source) else {
            throw MediaFailure(.sourceMissing, "There is no file to probe.")
        }
        return properties
    }

    func transcode(
        _ request: TranscodeRequest, step: @Sendable (TranscodeStep) async throws -> Void
    ) async throws -> TranscodeSummary {
        told.withLock { $0.append(request) }
        for next in steps(of: request) {
            try await interruption(next)
            if let file = next.file { try Data("made by \(next)".utf8).write(to: URL(filePath: file)) }
            try await step(next)
        }
        return TranscodeSummary(
            segments: columns, frames: columns * 120, durationSeconds: Double(columns) * 4)
    }

    private func steps(of request: TranscodeRequest) -> [TranscodeStep] {
        let folder = request.directory
        let tracks = request.plan.rungs.map(\.name) + (request.plan.audio == nil ? [] : ["audio"])
        var steps: [TranscodeStep] = []
        if request.wantsStills {
            steps.append(.poster(file: folder + "/poster.jpg", width: 640, height: 360))
            steps.append(
                .thumbnails(
                    file: folder + "/strip.jpg", tileWidth: 160, tileHeight: 90, columns: 2, count: 2,
                    intervalSeconds: 6))
        }
        for track in tracks {
            steps.append(
                .initialisation(track: track, file: folder + "/\(track)-init.mp4", codec: "codec-\(track)"))
        }
        for index in request.resumeAfterSegments..<columns {
            for track in tracks {
                steps.append(
                    .segment(
                        track: track, index: index, file: folder + "/\(track)-\(index).m4s",
                        durationSeconds: 4, bytes: 10))
            }
            steps.append(.progress(Double(index + 1) / Double(columns)))
        }
        return steps
    }
}

extension TranscodeStep {
    fileprivate var file: String? {
        switch self {
        case .poster(let file, _, _), .thumbnails(let file, _, _, _, _, _), .initialisation(_, let file, _),
            .segment(_, _, let file, _, _):
            file
        case .progress: nil
        }
    }

    /// Whether this is the first segment of column `index`, when all before it is safe.
    func begins(column index: Int) -> Bool {
        if case .segment("360p", index, _, _, _) = self { return true }
        return false
    }
}

extension MediaProperties {
    /// Of a source with one rung and a sound track.
    static func scripted(seconds: Double = 12) -> MediaProperties {
        MediaProperties(
            container: "mp4", durationSeconds: seconds, width: 640, height: 360, frameRate: Fraction(30, 1),
            isVariableFrameRate: false, videoCodec: "h264", bitDepth: 8, rotation: 0,
            audioTracks: [.init(stream: 1, codec: "aac", channels: 2, sampleRate: 48_000, language: nil)])
    }
}
