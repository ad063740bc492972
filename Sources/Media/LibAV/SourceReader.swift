import CLibAV
import CMediaShim
import Videos

/// Reads one source from a chosen point: pictures and sound with seconds on a common clock that starts at 0.
final class SourceReader {
    let demuxer: Demuxer
    let videoStream: UnsafeMutablePointer<AVStream>
    private let audioStream: UnsafeMutablePointer<AVStream>?
    private let videoDecoder: Decoder
    private let audioDecoder: Decoder?
    private let claimedSeconds: Double
    private let pictureSeconds: Double
    private var clock: SourceClock

    /// What was read so far.
    private(set) var pictures = 0
    private var videoPackets = 0
    /// Where the last picture or sound ends, in seconds.
    private(set) var videoEnd = 0.0
    private(set) var audioEnd = 0.0

    /// Opens the source so that the picture at `seconds` is the first or comes soon. Throws `MediaFailure`
    /// and `LibAVError`.
    static func open(_ request: TranscodeRequest, at seconds: Double) throws -> SourceReader {
        let reader = try SourceReader(request)
        if seconds <= 0 || reader.seek(to: seconds) { return reader }
        // Where seeking fails, everything is decoded again from the start.
        return try SourceReader(request)
    }

    private init(_ request: TranscodeRequest) throws {
        demuxer = try Demuxer(path: request.source)
        guard let video = demuxer.videoStream else {
            throw MediaFailure(.noVideoStream, "The file holds no moving picture.")
        }
        videoStream = video
        videoDecoder = try Decoder(stream: video, threads: 2)
        let streams = demuxer.streams
        audioStream = request.plan.audio.flatMap {
            streams.indices.contains($0.stream) ? streams[$0.stream] : nil
        }
        audioDecoder = try audioStream.map { try Decoder(stream: $0, threads: 1) }
        demuxer.select(Set([video, audioStream].compactMap { $0.map { Int($0.pointee.index) } }))
        claimedSeconds = request.properties.durationSeconds
        pictureSeconds = 1 / request.properties.frameRate.value
        clock = SourceClock(
            video: video, audio: audioStream, frameRate: request.plan.frameRate.value,
            mayJump: demuxer.mayJump)
    }

    /// A second early, so that sound is there too. False when the file cannot be entered there.
    private func seek(to seconds: Double) -> Bool {
        let target = clock.origin + seconds - 1
        guard target > clock.origin else { return false }
        guard demuxer.seek(to: target, stream: videoStream), let packet = try? Packet() else { return false }
        while demuxer.read(into: packet) {
            guard packet.raw.pointee.stream_index == videoStream.pointee.index else { continue }
            let stamp = packet.raw.pointee.pts
            guard stamp != media_no_timestamp(),
                Double(stamp) * av_q2d(videoStream.pointee.time_base) <= target + 0.5
            else { return false }
            return demuxer.seek(to: target, stream: videoStream)
        }
        return false
    }

    /// Reads to the end. Time stamps far behind the claimed end are left out: they would cost hours of still
    /// picture.
    func run(
        picture: (Frame, Double) throws -> Void, sound: (Frame, Double) throws -> Void
    ) throws {
        let packet = try Packet()
        while demuxer.read(into: packet) {
            clock.straighten(packet)
            if packet.raw.pointee.stream_index == videoStream.pointee.index {
                videoPackets += 1
                try decodePictures(packet, picture)
            } else if packet.raw.pointee.stream_index == audioStream?.pointee.index {
                try decodeSound(packet, sound)
            }
        }
        try decodePictures(nil, picture)
        try decodeSound(nil, sound)
    }

    private func decodePictures(_ packet: Packet?, _ body: (Frame, Double) throws -> Void) throws {
        try videoDecoder.decode(packet) { frame in
            let seconds = clock.seconds(frame, of: videoStream) ?? (pictures == 0 ? 0 : videoEnd)
            guard isPlausible(seconds), frame.width > 0 else { return }
            pictures += 1
            let length = Double(frame.raw.pointee.pkt_duration) * av_q2d(videoStream.pointee.time_base)
            videoEnd = max(videoEnd, seconds + (length > 0 && length < 3_600 ? length : pictureSeconds))
            try body(frame, seconds)
        }
    }

    private func decodeSound(_ packet: Packet?, _ body: (Frame, Double) throws -> Void) throws {
        guard let audioDecoder, let audioStream else { return }
        try audioDecoder.decode(packet) { frame in
            guard frame.raw.pointee.sample_rate > 0, frame.sampleCount > 0 else { return }
            let seconds = clock.seconds(frame, of: audioStream) ?? audioEnd
            guard isPlausible(seconds) else { return }
            audioEnd = seconds + Double(frame.sampleCount) / Double(frame.raw.pointee.sample_rate)
            try body(frame, seconds)
        }
    }

    private func isPlausible(_ seconds: Double) -> Bool {
        seconds.isFinite && (claimedSeconds <= 0 || seconds <= claimedSeconds * 1.05 + 30)
    }

    /// Throws `MediaFailure` when what was read is too little to be the video: no picture at all, most
    /// packets damaged, or an end before 90 % of the claimed length (and 2 s short of it).
    func checkCompleteness() throws {
        guard pictures > 0 else {
            throw MediaFailure(.corrupt, "No picture of the video could be read.")
        }
        guard videoDecoder.errors * 2 <= videoPackets, pictures * 10 >= videoPackets else {
            throw MediaFailure(.corrupt, "Most of the video is damaged and could not be read.")
        }
        let reached = max(videoEnd, audioEnd)
        // Transport streams do not say how long they are; their length is a guess.
        guard demuxer.mayJump || reached >= claimedSeconds * 0.9 || claimedSeconds - reached < 2 else {
            throw MediaFailure(
                .corrupt,
                "The file ends early: \(Int(reached)) of \(Int(min(claimedSeconds, 1e9))) seconds "
                    + "could be read."
            )
        }
    }
}
