import CLibAV
import Videos

/// One rendition: scales, encodes and writes the segments of its track on a thread of its own.
///
/// Unchecked because all but the queue is touched by that thread only.
final class RungTrack: @unchecked Sendable {
    let queue = BoundedQueue<FrameSchedule<Frame>.Run>(capacity: 8)
    private let index: Int
    private let rung: Rung
    private let output: TrackOutput
    private let framesPerSegment: Int
    private let scaler: Scaler
    private let encoder: VideoEncoder
    private let meter: ProgressMeter
    private var writer: FragmentWriter
    private var segment: Int
    /// What shifts decode times so that the first is that of the first picture, in frames.
    private var shift: Int?
    private var encoded: Int

    init(
        index: Int, request: TranscodeRequest, source: SourceReader, meter: ProgressMeter,
        step: @escaping StepHandler
    )
        throws
    {
        self.index = index
        self.meter = meter
        rung = request.plan.rungs[index]
        output = TrackOutput(directory: request.directory, track: rung.name, step: step)
        framesPerSegment = request.plan.framesPerSegment
        segment = request.resumeAfterSegments
        encoded = segment * framesPerSegment
        scaler = try Scaler(
            width: rung.width, height: rung.height, format: .yuv420p,
            orientation: Orientation(stream: source.videoStream))
        encoder = try VideoEncoder(
            .init(rung: rung, plan: request.plan, colours: Colours(stream: source.videoStream)))
        let rate = request.plan.frameRate
        // Fine enough for players that round, and a whole number of ticks a frame.
        var factor = 1
        while rate.numerator * factor < 10_000 { factor *= 2 }
        let initialisation = try InitialisationSegment(
            encoder: encoder.raw, timescale: rate.numerator * factor)
        writer = FragmentWriter(sampleDuration: initialisation.timescale / rate.numerator * rate.denominator)
        frameSeconds = 1 / rate.value
        try output.initialisation(
            initialisation.bytes, codec: InitialisationSegment.h264Codec(of: encoder.raw))
    }

    private let frameSeconds: Double

    /// The thread's body: encodes until the queue ends.
    func work() throws {
        do {
            while let run = queue.pop() { try encode(run) }
            guard !queue.wasCancelled else { return }
            try encoder.encode(nil, number: 0, take)
            if writer.count > 0 { try writeSegment() }
        } catch {
            queue.cancel()
            throw error
        }
    }

    private func encode(_ run: FrameSchedule<Frame>.Run) throws {
        let picture = try scaler.convert(run.picture)
        for number in run.frames {
            guard !queue.wasCancelled else { return }
            try encoder.encode(picture, number: number, take)
        }
    }

    private func take(_ packet: Packet) throws {
        let shown = Int(packet.raw.pointee.pts)
        let shift = shift ?? shown - Int(packet.raw.pointee.dts)
        self.shift = shift
        if packet.isKey, shown >= (segment + 1) * framesPerSegment { try writeSegment() }
        let decoded = Int(packet.raw.pointee.dts) + shift
        writer.appendPicture(
            packet.bytes, isSync: packet.isKey, offset: (shown - decoded) * writer.sampleDuration)
        encoded += 1
        try meter.advance(index, to: encoded)
    }

    private func writeSegment() throws {
        // Groups are closed, so in decode order too a segment's first picture is its first frame.
        let first = segment * framesPerSegment
        try output.segment(
            segment, from: &writer, decodeTime: first * writer.sampleDuration, sampleSeconds: frameSeconds)
        segment += 1
    }
}
