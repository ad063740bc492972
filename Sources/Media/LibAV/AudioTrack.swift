import CLibAV
import Videos

/// The track `audio`: resamples, encodes once and writes segments, on a thread of its own.
///
/// Cut at the first AAC frame at or after the end of each video segment. Unchecked because all but the queue
/// is touched by that thread only.
final class AudioTrack: @unchecked Sendable {
    struct Sound: Sendable {
        var frame: Frame
        var seconds: Double
    }

    let queue = BoundedQueue<Sound>(capacity: 64)
    private let grid: AudioGrid
    private let output: TrackOutput
    private let encoder: AudioEncoder
    private let resampler: Resampler
    private let samples: SampleQueue
    private var schedule: AudioSchedule
    private var writer = FragmentWriter(sampleDuration: AudioEncoder.frameSamples)
    /// The next frame to be encoded.
    private var nextFrame: Int
    private var segment: Int
    /// Frames of the output in all, told by `finish`; nil until the video's end is known.
    private var total: Int?

    /// AAC frames that are encoded before the first one kept, so that it sounds as in an unbroken run.
    private static let preroll = 4

    init(_ audio: TranscodePlan.Audio, request: TranscodeRequest, step: @escaping StepHandler) throws {
        grid = AudioGrid(plan: request.plan, sampleRate: audio.sampleRate)
        output = TrackOutput(directory: request.directory, track: "audio", step: step)
        encoder = try AudioEncoder(audio)
        resampler = Resampler(rate: audio.sampleRate)
        samples = try SampleQueue(rate: audio.sampleRate)
        segment = request.resumeAfterSegments
        nextFrame = max(0, grid.firstFrame(ofSegment: segment) - Self.preroll)
        schedule = AudioSchedule(startingAt: nextFrame * AudioEncoder.frameSamples, rate: audio.sampleRate)
        let initialisation = try InitialisationSegment(encoder: encoder.raw, timescale: audio.sampleRate)
        try output.initialisation(initialisation.bytes, codec: "mp4a.40.2")
    }

    /// The thread's body: encodes until the queue ends. Sound waits in memory for `finish`.
    func work() throws {
        do {
            while let sound = queue.pop() {
                let converted = try resampler.convert(sound.frame)
                try append(converted, claimed: Int((sound.seconds * Double(grid.sampleRate)).rounded()))
            }
        } catch {
            queue.cancel()
            throw error
        }
    }

    private func append(_ converted: Frame, claimed: Int) throws {
        let placement = schedule.place(claimed: claimed, count: converted.sampleCount)
        try samples.appendSilence(placement.silence)
        try samples.append(converted, from: placement.trim)
        while samples.count >= AudioEncoder.frameSamples { try encodeFrame() }
    }

    private func encodeFrame() throws {
        let frame = try samples.pop(AudioEncoder.frameSamples)
        try encoder.encode(frame, position: nextFrame * AudioEncoder.frameSamples, take)
        nextFrame += 1
    }

    /// Called after `work` has ended: brings the track to the length of `videoFrames` with silence or a cut.
    func finish(videoFrames: Int) throws {
        let total = grid.frames(forVideoFrames: videoFrames)
        self.total = total
        try append(try resampler.convert(nil), claimed: schedule.position)
        if nextFrame < total {
            try samples.appendSilence((total - nextFrame) * AudioEncoder.frameSamples - samples.count)
            while nextFrame < total { try encodeFrame() }
        }
        try encoder.encode(nil, position: 0, take)
        writer.keepFirst(total - grid.firstFrame(ofSegment: segment))
        if writer.count > 0 { try writeSegment() }
    }

    private func take(_ packet: Packet) throws {
        // The encoder's first packet holds the time before zero and is left out, so zero stays zero.
        let frame = Int(packet.raw.pointee.pts) / AudioEncoder.frameSamples
        guard packet.raw.pointee.pts >= 0, frame >= grid.firstFrame(ofSegment: segment) else { return }
        if let total, frame >= total { return }
        if frame >= grid.firstFrame(ofSegment: segment + 1) { try writeSegment() }
        writer.append(packet.bytes, isSync: true, offset: 0)
    }

    private func writeSegment() throws {
        try output.segment(
            segment, from: &writer,
            decodeTime: grid.firstFrame(ofSegment: segment) * AudioEncoder.frameSamples,
            sampleSeconds: Double(AudioEncoder.frameSamples) / Double(grid.sampleRate))
        segment += 1
    }
}

/// Where AAC frames lie against video frames; whole numbers, so that a resumed run agrees with an unbroken
/// one.
struct AudioGrid {
    let plan: TranscodePlan
    let sampleRate: Int

    init(plan: TranscodePlan, sampleRate: Int) {
        self.plan = plan
        self.sampleRate = sampleRate
    }

    /// The first AAC frame at or after the start of video frame `frame`.
    private func first(atVideoFrame frame: Int) -> Int {
        let divisor = plan.frameRate.numerator * AudioEncoder.frameSamples
        return (frame * plan.frameRate.denominator * sampleRate + divisor - 1) / divisor
    }

    func firstFrame(ofSegment segment: Int) -> Int { first(atVideoFrame: segment * plan.framesPerSegment) }

    /// Frames that cover the video, at least one in its last segment.
    func frames(forVideoFrames frames: Int) -> Int {
        let lastSegment = max(0, frames - 1) / plan.framesPerSegment
        return max(first(atVideoFrame: frames), firstFrame(ofSegment: lastSegment) + 1)
    }
}
