import Videos

/// The one line that a worker reads from its standard input.
struct WorkerRequest: Sendable, Codable {
    enum Job: Sendable, Codable {
        case probe(source: String)
        case transcode(request: TranscodeRequest)
        case selfTest(SelfTest)
    }

    var job: Job
    var limits: WorkerLimits
    var minimumConfinement: ConfinementLevel

    /// The only file the worker may read.
    var source: String? {
        switch job {
        case .probe(let source): source
        case .transcode(let request): request.source
        case .selfTest(let test): test.source
        }
    }

    /// The only folder the worker may write to.
    var directory: String? {
        switch job {
        case .probe: nil
        case .transcode(let request): request.directory
        case .selfTest(let test): test.directory
        }
    }
}

/// One line that a worker writes to its standard output. The first tells the confinement, the last is a
/// result.
enum WorkerReply: Sendable, Codable {
    case confinement(ConfinementReport)
    case step(TranscodeStep)
    case properties(MediaProperties)
    case summary(TranscodeSummary)
    case failure(MediaFailure)
    case selfTest([String: Int32])

    var isResult: Bool {
        switch self {
        case .confinement, .step: false
        case .properties, .summary, .failure, .selfTest: true
        }
    }
}

/// What a worker can be asked to do wrong, to see that it is held.
package struct SelfTest: Sendable, Codable {
    package enum Behaviour: String, Sendable, Codable {
        /// Tries what is forbidden and tells each outcome: 0 where it was allowed, else an error number.
        case tryEverything
        case hang
        case crash
        case spin
        case fillMemory
        case longLine
        case foreignPath
    }

    package var source: String
    package var directory: String
    /// A file that must stay out of reach.
    package var forbidden: String
    package var behaviour: Behaviour

    package init(source: String, directory: String, forbidden: String, behaviour: Behaviour) {
        self.source = source
        self.directory = directory
        self.forbidden = forbidden
        self.behaviour = behaviour
    }
}
