/// How many worker processes role `scaler` keeps on its machine.
package struct ScalingSettings: Sendable, Equatable {
    package let minimum: Int
    package let maximum: Int
    package let backlogPerWorker: Int
    package let maximumAge: Duration
    package let outCooldown: Duration
    package let inCooldown: Duration
    package let calm: Duration
    package let interval: Duration
}

extension ScalingSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        minimum = section.value(
            "minimum", "Workers kept without any work.", .integer(in: 0...1000), default: 0)
        maximum = section.value("maximum", "Workers at most.", .integer(in: 1...1000), default: 2)
        backlogPerWorker = section.value(
            "backlogPerWorker", "Waiting jobs that one worker may find before another is wanted.",
            .integer(in: 1...10_000), default: 4)
        maximumAge = section.value(
            "maximumAge", "A job that has waited so long wants one more worker.",
            .duration(in: .seconds(1) ... .hours(24)), default: .minutes(1))
        outCooldown = section.value(
            "outCooldown", "Between two starts.", .duration(in: .milliseconds(100) ... .hours(1)),
            default: .seconds(10))
        inCooldown = section.value(
            "inCooldown", "Between two drains.", .duration(in: .milliseconds(100) ... .hours(1)),
            default: .minutes(1))
        calm = section.value(
            "calm", "Back so far the highest demand counts when shrinking.",
            .duration(in: .milliseconds(100) ... .hours(24)), default: .minutes(2))
        interval = section.value(
            "interval", "How often the queue is looked at.",
            .duration(in: .milliseconds(100) ... .minutes(10)),
            default: .seconds(2))
        section.require(
            ["minimum", "maximum"], minimum <= maximum, "must not be more than maximum (\(maximum))")
    }
}
