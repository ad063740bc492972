/// Which qualities a source gets: from its own size downward, never enlarged.
package enum Ladder {
    struct Step {
        /// Lines of the shorter side.
        let lines: Int
        /// At 16:9 and up to 30 frames a second.
        let kilobitsPerSecond: Int
    }

    static let steps: [Step] = [
        Step(lines: 1080, kilobitsPerSecond: 5000),
        Step(lines: 720, kilobitsPerSecond: 2800),
        Step(lines: 480, kilobitsPerSecond: 1400),
        Step(lines: 360, kilobitsPerSecond: 800),
    ]

    /// The plan for a source, or why it is refused.
    package static func plan(
        for source: MediaProperties, limits: MediaLimits
    ) throws(MediaFailure) -> TranscodePlan {
        try check(source, limits)
        let rate = frameRate(of: source, maximum: limits.maximumFrameRate)
        // `first` is the file's own order, which players follow too.
        let audio = source.audioTracks.first.map {
            TranscodePlan.Audio(
                stream: $0.stream, kilobitsPerSecond: limits.audioKilobitsPerSecond, sampleRate: 48_000)
        }
        return TranscodePlan(
            rungs: rungs(width: source.width, height: source.height, frameRate: rate.value), frameRate: rate,
            segmentSeconds: limits.segmentSeconds, audio: audio, threadsPerEncoder: limits.threadsPerEncoder,
            preset: limits.preset)
    }

    private static func check(_ source: MediaProperties, _ limits: MediaLimits) throws(MediaFailure) {
        let long = max(source.width, source.height)
        let short = min(source.width, source.height)
        guard short >= limits.minimumSide else {
            throw MediaFailure(.tooSmall, "The picture is only \(source.width) × \(source.height) pixels.")
        }
        guard long <= limits.maximumWidth, short <= limits.maximumHeight else {
            throw MediaFailure(
                .tooLarge,
                "The picture is \(source.width) × \(source.height) pixels; at most "
                    + "\(limits.maximumWidth) × \(limits.maximumHeight) are allowed.")
        }
        // A source that does not know its length passes; the encoder finds it out.
        guard source.durationSeconds <= limits.maximumDurationSeconds else {
            throw MediaFailure(
                .tooLong,
                "The video lasts \(minutes(source.durationSeconds)) minutes; at most "
                    + "\(minutes(limits.maximumDurationSeconds)) are allowed.")
        }
    }

    private static func minutes(_ seconds: Double) -> Int {
        // A hostile header may claim any number, more than an Int holds.
        Int(min((seconds / 60).rounded(.up), 1e9))
    }

    // MARK: Sizes

    static func rungs(width: Int, height: Int, frameRate: Double) -> [Rung] {
        let short = min(width, height)
        let fitting = steps.filter { $0.lines <= short }
        guard !fitting.isEmpty else { return [ownSize(width, height, frameRate)] }
        return fitting.map { step in
            let scale = Double(step.lines) / Double(short)
            let size = (width: even(Double(width) * scale), height: even(Double(height) * scale))
            return Rung(
                name: "\(step.lines)p", width: size.width, height: size.height,
                videoKilobitsPerSecond: rate(step, size, frameRate))
        }
    }

    /// The single quality of a source below the lowest step.
    private static func ownSize(_ width: Int, _ height: Int, _ frameRate: Double) -> Rung {
        // Rounding down never enlarges; two pixels are the least that an encoder takes.
        let size = (width: max(2, width & ~1), height: max(2, height & ~1))
        let lowest = steps[steps.count - 1]
        return Rung(
            name: "\(min(size.width, size.height))p", width: size.width, height: size.height,
            videoKilobitsPerSecond: rate(lowest, size, frameRate))
    }

    private static func even(_ length: Double) -> Int { max(2, Int((length / 2).rounded()) * 2) }

    /// In proportion to the pixels of a 16:9 picture; half as much again for twice the frames.
    private static func rate(_ step: Step, _ size: (width: Int, height: Int), _ frameRate: Double) -> Int {
        let usual = Double(step.lines * step.lines) * 16 / 9
        let share = Double(size.width * size.height) / usual
        let motion = frameRate > 30 ? 1 + 0.5 * (frameRate - 30) / 30 : 1
        return max(64, Int((Double(step.kilobitsPerSecond) * share * motion / 10).rounded()) * 10)
    }

    // MARK: Frame rate

    static let usualRates = [
        Fraction(24000, 1001), Fraction(24, 1), Fraction(25, 1), Fraction(30000, 1001), Fraction(30, 1),
        Fraction(50, 1), Fraction(60000, 1001), Fraction(60, 1),
    ]

    /// The source's average, halved until it fits, then the usual rate within 1 in 1,500, else a whole
    /// number.
    ///
    /// A variable rate snaps within 2 %: its average is an accident of what was recorded.
    static func frameRate(of source: MediaProperties, maximum: Double) -> Fraction {
        var halvings = 1.0
        while source.frameRate.value / halvings > maximum * 1.001, halvings < 1_024 { halvings *= 2 }
        let average = min(max(source.frameRate.value / halvings, 1), max(maximum, 1))
        let tolerance = source.isVariableFrameRate ? 0.02 : 1.0 / 1_500
        let nearest = usualRates.min { abs($0.value - average) < abs($1.value - average) }
        if let nearest, abs(nearest.value / average - 1) <= tolerance { return nearest }
        return Fraction(max(1, Int(average.rounded())), 1)
    }
}
