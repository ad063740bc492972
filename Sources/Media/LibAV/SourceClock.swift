import CLibAV
import CMediaShim

/// One clock for all streams of a source. Its zero is where the earliest of them starts.
struct SourceClock {
    /// Zero, in seconds of the container's clock; a whole number of output frames before the first picture.
    let origin: Double
    private let mayJump: Bool
    /// Added to time stamps after jumps, in seconds.
    private var correction = 0.0
    private var last: [Int32: Double] = [:]
    private var timeBases: [Int32: Double] = [:]

    /// A step beyond this in a transport stream is a new clock, in seconds.
    private static let largestStep = 10.0

    init(
        video: UnsafeMutablePointer<AVStream>, audio: UnsafeMutablePointer<AVStream>?, frameRate: Double,
        mayJump: Bool
    ) {
        self.mayJump = mayJump
        let start = { (stream: UnsafeMutablePointer<AVStream>?) -> Double? in
            guard let stream, stream.pointee.start_time != media_no_timestamp() else { return nil }
            return Double(stream.pointee.start_time) * av_q2d(stream.pointee.time_base)
        }
        let videoStart = start(video) ?? start(audio) ?? 0
        let audioStart = start(audio) ?? videoStart
        let lead = max(0, videoStart - audioStart)
        // An hour of lead is a broken time stamp. Whole frames: else rounding would make pictures jitter.
        origin = videoStart - (lead < 3_600 ? (lead * frameRate).rounded() / frameRate : 0)
        for stream in [video, audio].compactMap({ $0 }) {
            timeBases[stream.pointee.index] = av_q2d(stream.pointee.time_base)
        }
    }

    func seconds(_ frame: Frame, of stream: UnsafeMutablePointer<AVStream>) -> Double? {
        frame.timestamp.map { Double($0) * av_q2d(stream.pointee.time_base) - origin }
    }

    /// Makes time go on where the container's clock restarts.
    mutating func straighten(_ packet: Packet) {
        let index = packet.raw.pointee.stream_index
        let decode = packet.raw.pointee.dts
        guard mayJump, let base = timeBases[index], decode != media_no_timestamp() else { return }
        var seconds = Double(decode) * base + correction
        if let previous = last[index], abs(seconds - previous) > Self.largestStep {
            correction += previous - seconds
            seconds = previous
        }
        last[index] = seconds
        let ticks = Int64((correction / base).rounded())
        packet.raw.pointee.dts += ticks
        if packet.raw.pointee.pts != media_no_timestamp() { packet.raw.pointee.pts += ticks }
    }
}
