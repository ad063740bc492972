import CLibAV
import Videos

/// Fetches single pictures from a source by seeking; has its own hold on the file.
final class StillReader {
    private let demuxer: Demuxer
    private let stream: UnsafeMutablePointer<AVStream>
    private let decoder: Decoder
    private let packet: Packet
    let orientation: Orientation

    /// Pictures decoded at most on the way from a key frame to the one wanted.
    private static let patience = 150

    init(path: String, keyFramesOnly: Bool) throws {
        demuxer = try Demuxer(path: path)
        guard let stream = demuxer.videoStream else {
            throw MediaFailure(.noVideoStream, "The file holds no moving picture.")
        }
        self.stream = stream
        decoder = try Decoder(stream: stream, threads: keyFramesOnly ? 1 : 2)
        if keyFramesOnly { decoder.keepKeyFramesOnly() }
        packet = try Packet()
        orientation = Orientation(stream: stream)
        demuxer.select([Int(stream.pointee.index)])
    }

    /// The first picture at or after `seconds`, or the last one before where there is none; nil when nothing
    /// can be decoded.
    func picture(at seconds: Double) throws -> Frame? {
        let base = av_q2d(stream.pointee.time_base)
        let start = stream.pointee.start_time > 0 ? Double(stream.pointee.start_time) * base : 0
        _ = demuxer.seek(to: start + seconds, stream: stream)
        decoder.reset()
        var best: Frame?
        var seen = 0
        let consider = { (frame: Frame) in
            seen += 1
            if let best, Double(best.timestamp ?? 0) * base >= start + seconds { return }
            best = frame
        }
        var packets = 0
        while demuxer.read(into: packet) {
            packets += 1
            try decoder.decode(packet, consider)
            if let best, Double(best.timestamp ?? 0) * base >= start + seconds { return best }
            if seen > Self.patience || packets > 4 * Self.patience { return best }
        }
        try decoder.decode(nil, consider)
        decoder.reset()
        return best
    }

    /// The key frame at or before `seconds`.
    func keyPicture(at seconds: Double) throws -> Frame? {
        _ = demuxer.seek(to: seconds, stream: stream)
        decoder.reset()
        var found: Frame?
        for _ in 0..<Self.patience where found == nil && demuxer.read(into: packet) {
            guard packet.isKey else { continue }
            try decoder.decode(packet) { found = found ?? $0 }
            try decoder.decode(nil) { found = found ?? $0 }
            decoder.reset()
        }
        return found
    }
}
