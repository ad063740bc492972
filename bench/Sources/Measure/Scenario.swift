/// Something to compare: arms that take turns, and the rows that set them against each other.
protocol Scenario: Sendable {
    var name: String { get }
    /// In the order of the first round; every second goes backward, so that a drift hits both ends alike.
    var arms: [Arm] { get }
    var rows: [Row] { get }
    /// Done once, before the first round.
    func prepare() async throws
    /// Done once, after the last round, also where `prepare` failed.
    func finish() async
}

extension Scenario {
    func prepare() async throws {}
    func finish() async {}
}

/// One of the ways to do the work.
struct Arm: Sendable {
    let name: String
    /// Does the work once; gives what was measured. Leaves no process and no file behind.
    let run: @Sendable () async throws -> Reading
}

/// What one arm gave in one round, by measure.
typealias Reading = [Measure: Double]

enum Measure: String, Codable, CodingKeyRepresentable, Comparable {
    /// Seconds by the clock.
    case wall
    /// Seconds of processor time, user and system, of all processes that took part.
    case cpu
    /// Seconds until every track has its first segment.
    case firstSegment
    /// Bytes of all segments.
    case outputBytes
    /// Each a second.
    case writes, syncs, rate
    /// Reads that replicas answered, and those that an oracle would have had them answer.
    case replicaReads, oracleReads
    /// Processor time of our own processes, as a part of all that the machine has.
    case busy
    /// Seconds, of 100 answers the one that took longest but one.
    case latency99
    /// Seconds that half of all answers took at the most.
    case latency50
    /// Seconds, of ten searches of that kind the one that took longest but one.
    case rare, common, prefix, phrase, typo, room, author, time
    /// Seconds from the spawn to the first good answer.
    case ready
    /// Memory in bytes; `perSocket` is of one more connection.
    case resident, proportional, perSocket
    /// Instructions of one more delivery, and the power of the number of listeners that they grow by.
    case instructions, exponent

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A line of the report.
struct Row: Sendable {
    /// Names the row in the thresholds' file.
    let id: String
    let title: String
    let value: Value

    enum Value: Sendable {
        /// The first divided by the second, round by round.
        case ratio(Source, Source)
        case absolute(Source, Unit)

        static func ratio(_ ours: String, _ reference: String, _ measure: Measure) -> Value {
            .ratio(Source(arm: ours, measure: measure), Source(arm: reference, measure: measure))
        }
    }

    struct Source: Sendable {
        let arm: String
        let measure: Measure
    }

    enum Unit: String, Sendable, Codable { case seconds, megabytes, bytes, perSecond, share, plain }

    var arms: Set<String> {
        switch value {
        case .ratio(let ours, let reference): [ours.arm, reference.arm]
        case .absolute(let source, _): [source.arm]
        }
    }

    /// Nil for a ratio.
    var unit: Unit? {
        if case .absolute(_, let unit) = value { return unit }
        return nil
    }

    /// The row's value in one round, which `read` looks up; nil where an arm failed.
    func value(_ read: (Source) -> Double?) -> Double? {
        switch value {
        case .ratio(let ours, let reference):
            guard let above = read(ours), let below = read(reference), below > 0 else { return nil }
            return above / below
        case .absolute(let source, let unit):
            return read(source).map { unit == .megabytes ? $0 / 1e6 : $0 }
        }
    }
}
