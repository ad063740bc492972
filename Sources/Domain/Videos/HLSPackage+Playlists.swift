import Kernel

extension HLSPackage {
    /// The master playlist (RFC 8216): every rendition with its codecs, audio as one shared group.
    package var masterPlaylist: String {
        var lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        let hasAudio = tracks[Self.audioTrack] != nil
        if hasAudio {
            lines.append(
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\","
                    + "URI=\"\(Self.audioTrack)/index.m3u8\"")
        }
        for rendition in renditions {
            var attributes =
                "BANDWIDTH=\(rendition.bandwidth),RESOLUTION=\(rendition.width)x\(rendition.height)"
            attributes += ",FRAME-RATE=\(Self.decimal(plan.frameRate.value)),CODECS=\"\(rendition.codecs)\""
            if hasAudio { attributes += ",AUDIO=\"audio\"" }
            lines.append("#EXT-X-STREAM-INF:\(attributes)")
            lines.append("\(rendition.name)/index.m3u8")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A track's playlist: growing (EVENT) until the whole is finished, then complete (VOD).
    package func mediaPlaylist(_ track: String) -> String {
        let isFinished = summary != nil
        // Only what every track has, and what a resumed run will not make again: caches keep listed segments.
        let known = tracks[track]?.segments ?? []
        let segments = isFinished ? known[...] : known.prefix(completeSegments)
        let longest = segments.map(\.durationSeconds).max() ?? Double(plan.segmentSeconds)
        var lines = [
            "#EXTM3U", "#EXT-X-VERSION:7",
            "#EXT-X-TARGETDURATION:\(max(plan.segmentSeconds, Int(longest.rounded())))",
            "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:\(isFinished ? "VOD" : "EVENT")",
            "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-MAP:URI=\"init.mp4\"",
        ]
        for (index, segment) in segments.enumerated() {
            lines.append("#EXTINF:\(Self.decimal(segment.durationSeconds, places: 6)),")
            lines.append(Self.segmentName(index))
        }
        if isFinished { lines.append("#EXT-X-ENDLIST") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// WebVTT whose cues name rectangles of the sprite sheet.
    package var thumbnailCues: String? {
        guard let thumbnails else { return nil }
        var lines = ["WEBVTT", ""]
        for index in 0..<thumbnails.count {
            let start = Double(index) * thumbnails.intervalSeconds
            let end = min(start + thumbnails.intervalSeconds, max(durationSeconds, start + 0.001))
            let x = index % thumbnails.columns * thumbnails.tileWidth
            let y = index / thumbnails.columns * thumbnails.tileHeight
            lines.append("\(Self.cueTime(start)) --> \(Self.cueTime(end))")
            lines.append("strip.jpg#xywh=\(x),\(y),\(thumbnails.tileWidth),\(thumbnails.tileHeight)")
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    package static func segmentName(_ index: Int) -> String { "\(index).m4s" }

    private static func cueTime(_ seconds: Double) -> String {
        // The time of day of that many seconds after midnight is the cue's notation.
        String(Timestamp(milliseconds: Int64(seconds * 1000)).description.dropFirst(11).dropLast())
    }

    private static func decimal(_ value: Double, places: Int = 3) -> String {
        let scale = (0..<places).reduce(1) { product, _ in product * 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
