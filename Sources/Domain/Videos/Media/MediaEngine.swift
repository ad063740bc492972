/// Reads and encodes media somewhere that a hostile file cannot hurt the caller.
///
/// Every call is cancellable: cancelling the task stops the work and leaves no process behind. Failures of the
/// source are `MediaFailure`. A call never opens any file but `source` and those below `directory`.
package protocol MediaEngine: Sendable {
    /// What the file holds; at most a few seconds of work.
    func probe(source: String) async throws -> MediaProperties

    /// Encodes `request`, telling each step in order through `step`, which is awaited before the next is told.
    ///
    /// Files named by a step lie below `request.directory` and are complete; the receiver may move them away.
    func transcode(
        _ request: TranscodeRequest, step: @Sendable (TranscodeStep) async throws -> Void
    ) async throws -> TranscodeSummary
}

package struct TranscodeRequest: Sendable, Codable, Equatable {
    /// Absolute path of a local, read-only file.
    package var source: String
    /// Absolute path of an existing, empty folder for the output.
    package var directory: String
    package var plan: TranscodePlan
    package var properties: MediaProperties
    /// Segments that are already safe, in all renditions; encoding goes on behind them.
    package var resumeAfterSegments: Int
    /// Whether poster and thumbnail strip are still wanted.
    package var wantsStills: Bool

    package init(
        source: String, directory: String, plan: TranscodePlan, properties: MediaProperties,
        resumeAfterSegments: Int, wantsStills: Bool
    ) {
        self.source = source
        self.directory = directory
        self.plan = plan
        self.properties = properties
        self.resumeAfterSegments = resumeAfterSegments
        self.wantsStills = wantsStills
    }
}

/// One observable step of an encode.
package enum TranscodeStep: Sendable, Codable, Equatable {
    /// Poster picture, JPEG.
    case poster(file: String, width: Int, height: Int)
    /// Sprite sheet for scrubbing, JPEG: tiles row by row, one each `intervalSeconds`.
    case thumbnails(
        file: String, tileWidth: Int, tileHeight: Int, columns: Int, count: Int, intervalSeconds: Double)
    /// fMP4 initialisation of a track (`720p`, …, `audio`). `codec` is its RFC 6381 string, such as `avc1.64001f`.
    case initialisation(track: String, file: String, codec: String)
    /// One media segment of a track. `index` from 0. `bytes` is the file's size.
    case segment(track: String, index: Int, file: String, durationSeconds: Double, bytes: Int)
    /// Encoded fraction of the whole job, 0...1, by the slowest rendition.
    case progress(Double)
}

/// Totals over the whole output, resumed segments included.
package struct TranscodeSummary: Sendable, Codable, Equatable {
    package var segments: Int
    package var frames: Int
    package var durationSeconds: Double

    package init(segments: Int, frames: Int, durationSeconds: Double) {
        self.segments = segments
        self.frames = frames
        self.durationSeconds = durationSeconds
    }
}
