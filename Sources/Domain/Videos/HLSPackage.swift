import Kernel

/// What of a video's HLS package is safe in the object store: the checkpoint of a transcode, and its playlists.
///
/// A pure value: steps of the encoder go in, playlists come out.
package struct HLSPackage: Sendable, Codable, Equatable {
    package struct Track: Sendable, Codable, Equatable {
        var codec: String
        var segments: [Segment]
    }

    package struct Segment: Sendable, Codable, Equatable {
        let durationSeconds: Double
        let bytes: Int
    }

    package struct Thumbnails: Sendable, Codable, Equatable {
        let tileWidth: Int
        let tileHeight: Int
        let columns: Int
        let count: Int
        let intervalSeconds: Double
    }

    static let audioTrack = "audio"

    package let properties: MediaProperties
    package let plan: TranscodePlan
    package private(set) var tracks: [String: Track] = [:]
    package private(set) var hasPoster = false
    package private(set) var thumbnails: Thumbnails?
    package private(set) var summary: TranscodeSummary?

    package init(properties: MediaProperties, plan: TranscodePlan) {
        self.properties = properties
        self.plan = plan
    }

    /// Names of all tracks, video from the largest down, audio last.
    package var trackNames: [String] {
        plan.rungs.map(\.name) + (plan.audio == nil ? [] : [Self.audioTrack])
    }

    /// Segments that every track has.
    package var completeSegments: Int {
        trackNames.map { tracks[$0]?.segments.count ?? 0 }.min() ?? 0
    }

    package var isPlayable: Bool { completeSegments > 0 }

    package var durationSeconds: Double { summary?.durationSeconds ?? properties.durationSeconds }

    /// Takes in a step whose file is stored.
    package mutating func apply(_ step: TranscodeStep) {
        switch step {
        case .poster:
            hasPoster = true
        case .thumbnails(_, let width, let height, let columns, let count, let interval):
            thumbnails = Thumbnails(
                tileWidth: width, tileHeight: height, columns: columns, count: count,
                intervalSeconds: interval)
        case .initialisation(let track, _, let codec):
            tracks[track, default: Track(codec: codec, segments: [])].codec = codec
        case .segment(let track, let index, _, let seconds, let bytes):
            // A resumed run may tell a segment again; the newer bytes replaced the older.
            guard var known = tracks[track], index <= known.segments.count else { return }
            let segment = Segment(durationSeconds: seconds, bytes: bytes)
            if index < known.segments.count {
                known.segments[index] = segment
            } else {
                known.segments.append(segment)
            }
            tracks[track] = known
        case .progress:
            break
        }
    }

    package mutating func finish(_ summary: TranscodeSummary) { self.summary = summary }

    /// Forgets what not all tracks have, to resume behind it.
    package mutating func truncateToComplete() {
        let count = completeSegments
        tracks = tracks.mapValues { Track(codec: $0.codec, segments: Array($0.segments.prefix(count))) }
    }

    /// The part of all segments that is done, 0...1.
    package var fraction: Double {
        let total = properties.durationSeconds / Double(plan.segmentSeconds)
        return total > 0 ? min(1, Double(completeSegments) / total) : 0
    }

    package var renditions: [Rendition] {
        plan.rungs.compactMap { rung in
            guard let track = tracks[rung.name] else { return nil }
            let codecs = [track.codec, tracks[Self.audioTrack]?.codec].compactMap(\.self).joined(
                separator: ",")
            return Rendition(
                name: rung.name, width: rung.width, height: rung.height, bandwidth: bandwidth(rung),
                codecs: codecs)
        }
    }

    /// Peak rate: of the plan, which caps the encoder, or of the largest segment where that is more.
    private func bandwidth(_ rung: Rung) -> Int {
        let planned =
            Double(rung.videoKilobitsPerSecond) * 1070 + Double(plan.audio?.kilobitsPerSecond ?? 0) * 1000
        return Int(max(planned, peak(rung.name) + peak(Self.audioTrack)))
    }

    /// Bits per second of a track's largest segment.
    private func peak(_ track: String) -> Double {
        tracks[track]?.segments.map { Double($0.bytes) * 8 / max($0.durationSeconds, 0.1) }.max() ?? 0
    }
}
