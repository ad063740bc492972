import Foundation
import Videos

/// Believes nothing a worker tells: its files must be regular and lie in its own folder, its tracks be
/// planned.
struct StepCheck {
    private let directory: String
    private let tracks: Set<String>

    init(_ request: TranscodeRequest) {
        let audio = request.plan.audio == nil ? [] : ["audio"]
        self.init(directory: request.directory, tracks: Set(request.plan.rungs.map(\.name) + audio))
    }

    init(directory: String, tracks: Set<String>) {
        self.directory = directory.hasSuffix("/") ? directory : directory + "/"
        self.tracks = tracks
    }

    /// Throws `MediaWorkerError.protocolViolation`.
    func verify(_ step: TranscodeStep) throws {
        switch step {
        case .poster(let file, let width, let height):
            try check(width > 0 && height > 0, "an empty poster")
            try verify(file: file)
        case .thumbnails(let file, let width, let height, let columns, let count, let interval):
            let isPlausible =
                (1...4_096).contains(width) && (1...4_096).contains(height) && (1...100).contains(columns)
                && (1...10_000).contains(count) && interval > 0 && interval < 86_400
            try check(isPlausible, "strange thumbnails")
            try verify(file: file)
        case .initialisation(let track, let file, let codec):
            try check(tracks.contains(track), "an unknown track")
            try check(
                codec.count <= 64
                    && codec.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") },
                "a strange codec")
            try verify(file: file)
        case .segment(let track, let index, let file, let duration, let bytes):
            try check(tracks.contains(track) && index >= 0, "an unknown segment")
            try check(duration > 0 && duration < 3_600, "a segment of strange length")
            try verify(file: file, bytes: bytes)
        case .progress(let fraction):
            try check((0...1).contains(fraction), "progress outside 0...1")
        }
    }

    /// What a probe may claim: whatever is computed from it must stay computable.
    func verify(_ properties: MediaProperties) throws {
        let rate = properties.frameRate
        let isPlausible =
            rate.numerator > 0 && rate.denominator > 0 && (0.001...10_000).contains(rate.value)
            && (0...1e8).contains(properties.durationSeconds) && (0...1_000_000).contains(properties.width)
            && (0...1_000_000).contains(properties.height) && properties.audioTracks.count <= 64
        try check(isPlausible, "properties that no film has")
    }

    func verify(_ summary: TranscodeSummary) throws {
        let isPlausible =
            (0...1e8).contains(summary.durationSeconds) && summary.segments >= 0 && summary.frames >= 0
        try check(isPlausible, "totals that no film has")
    }

    private func verify(file: String, bytes: Int? = nil) throws {
        let name = file.dropFirst(directory.count)
        let isInside =
            file.hasPrefix(directory) && !name.isEmpty && !name.contains("/") && !name.hasPrefix(".")
        try check(isInside, "a file outside its folder")
        var status = stat()
        try check(lstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG, "a file that is none")
        if let bytes { try check(Int(status.st_size) == bytes, "a file of another size") }
    }

    private func check(_ isHonest: Bool, _ what: String) throws {
        guard isHonest else { throw MediaWorkerError.protocolViolation(what) }
    }
}
