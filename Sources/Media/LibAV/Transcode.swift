package import Videos

/// One encode: a thread that reads and decodes, one for each rendition, one for the sound.
package final class Transcode {
    private let request: TranscodeRequest
    private let step: StepHandler
    private let source: SourceReader
    private let meter: ProgressMeter
    private let rungs: [RungTrack]
    private let audio: AudioTrack?
    private let sprite: SpriteSheet?
    private var schedule: FrameSchedule<Frame>

    /// Runs to the end on the calling thread, which it blocks. `step` is called from several threads, one at
    /// a time for each track. Throws `MediaFailure` or what `step` throws.
    package static func run(
        _ request: TranscodeRequest, step: @escaping StepHandler
    ) throws -> TranscodeSummary {
        do {
            if request.wantsStills, let poster = try Poster.write(request) { try step(poster) }
            return try Transcode(request, step: step).run()
        } catch let error as LibAVError {
            throw MediaFailure.from(error)
        } catch let error as OutputError {
            throw MediaFailure.from(error)
        }
    }

    private init(_ request: TranscodeRequest, step: @escaping StepHandler) throws {
        self.request = request
        self.step = step
        let plan = request.plan
        let first = request.resumeAfterSegments * plan.framesPerSegment
        let source = try SourceReader.open(request, at: Double(first) / plan.frameRate.value)
        let meter = ProgressMeter(
            renditions: plan.rungs.count, alreadyDone: first,
            expected: Int(min(request.properties.durationSeconds * plan.frameRate.value, 1e9)), step: step)
        self.source = source
        self.meter = meter
        schedule = FrameSchedule(startingAt: first)
        rungs = try plan.rungs.indices.map {
            try RungTrack(index: $0, request: request, source: source, meter: meter, step: step)
        }
        audio = try plan.audio.map { try AudioTrack($0, request: request, step: step) }
        sprite =
            request.wantsStills
            ? try SpriteSheet(request.properties, orientation: Orientation(stream: source.videoStream)) : nil
    }

    private func run() throws -> TranscodeSummary {
        let renditions = rungs.map { rung in WorkThread(name: "rendition") { try rung.work() } }
        let sound = audio.map { audio in WorkThread(name: "audio") { try audio.work() } }
        let threads = renditions + [sound].compactMap { $0 }
        let frames: Int
        do {
            frames = try read()
        } catch {
            cancel()
            try joinAll(threads)  // Their own error, if any, is the cause of ours.
            throw error
        }
        rungs.forEach { $0.queue.finish() }
        audio?.queue.finish()
        // Sound and stills end while the renditions still encode.
        let sheet: TranscodeStep?
        do {
            try sound?.join()
            try audio?.finish(videoFrames: frames)
            sheet = try sprite?.write(request)
        } catch {
            cancel()
            try joinAll(renditions)
            throw error
        }
        try joinAll(renditions)
        if let sheet { try step(sheet) }
        try meter.finish()
        return summary(frames: frames)
    }

    /// Feeds all tracks until the source ends; gives the number of output frames.
    private func read() throws -> Int {
        let rate = request.plan.frameRate.value
        try source.run(
            picture: { picture, seconds in
                try sprite?.offer(picture, seconds: seconds)
                if let run = schedule.accept(picture, slot: Int((seconds * rate).rounded())) { try push(run) }
                try meter.beat()
            },
            sound: { frame, seconds in
                if let audio, !audio.queue.push(.init(frame: frame, seconds: seconds)) { throw Stopped() }
            })
        try source.checkCompleteness()
        let end = lastFrame(rate)
        if let run = schedule.finish(end: end) { try push(run) }
        return max(end, schedule.next)
    }

    /// Where the output ends: with the picture, or with sound that goes on for longer than half a second.
    private func lastFrame(_ rate: Double) -> Int {
        let seconds = source.audioEnd > source.videoEnd + 0.5 ? source.audioEnd : source.videoEnd
        return max((schedule.lastSlot ?? 0) + 1, Int((seconds * rate).rounded()))
    }

    private func push(_ run: FrameSchedule<Frame>.Run) throws {
        for rung in rungs where !rung.queue.push(run) { throw Stopped() }
    }

    private func cancel() {
        rungs.forEach { $0.queue.cancel() }
        audio?.queue.cancel()
    }

    /// Waits for all, then throws the first error.
    private func joinAll(_ threads: [WorkThread]) throws {
        let outcomes = threads.map { thread in Result { try thread.join() } }
        for outcome in outcomes { try outcome.get() }
    }

    private func summary(frames: Int) -> TranscodeSummary {
        let perSegment = request.plan.framesPerSegment
        return TranscodeSummary(
            segments: (frames + perSegment - 1) / perSegment, frames: frames,
            durationSeconds: Double(frames) / request.plan.frameRate.value)
    }
}

/// A track gave up; its thread has the reason.
private struct Stopped: Error {}
