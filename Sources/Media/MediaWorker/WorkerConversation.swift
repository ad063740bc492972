import Foundation
import Videos

/// What a worker has said so far, and what it means together with how it ended.
struct WorkerConversation {
    let minimum: ConfinementLevel
    private var confinement: ConfinementReport?
    private var result: WorkerReply?

    init(minimum: ConfinementLevel) { self.minimum = minimum }

    /// Takes a line; gives the step in it, if it tells one. Throws `MediaWorkerError`.
    mutating func receive(_ line: Data) throws -> TranscodeStep? {
        guard let reply = try? JSONDecoder().decode(WorkerReply.self, from: line) else {
            throw MediaWorkerError.protocolViolation("a line that is no reply")
        }
        guard result == nil else { throw MediaWorkerError.protocolViolation("more after the result") }
        if case .confinement(let report) = reply, confinement == nil {
            confinement = report
            guard report.level >= minimum else {
                throw MediaWorkerError.confinementTooWeak(report, minimum: minimum)
            }
            return nil
        }
        guard confinement != nil else { throw MediaWorkerError.protocolViolation("work before confinement") }
        if reply.isResult { result = reply }
        if case .step(let step) = reply { return step }
        return nil
    }

    /// The result, once the process has ended. Throws `MediaFailure`, `MediaWorkerError` or
    /// `CancellationError`.
    func result(after ending: ChildProcess.Ending) throws -> WorkerReply {
        if ending.stop == .cancelled { throw CancellationError() }
        if let result {
            if case .failure(let failure) = result { throw failure }
            return result
        }
        if ending.launchError != 0 { throw MediaWorkerError.notStarted(errno: ending.launchError) }
        switch (ending.stop, ending.signal) {
        case (.stalled, _), (.deadline, _), (nil, SIGXCPU):
            throw MediaFailure(.timeout, "The video took longer to process than is allowed.")
        case (nil, SIGXFSZ):
            throw MediaFailure(.outOfResources, "The output became larger than is allowed.")
        case (.violation(let what), _):
            throw MediaWorkerError.protocolViolation(what)
        default:
            throw MediaFailure(.workerCrashed, "Processing the video ended unexpectedly.")
        }
    }
}

/// A worker could not do its work for reasons that lie on this side.
package enum MediaWorkerError: Error, Sendable, Equatable {
    case notStarted(errno: Int32)
    /// The machine cannot shut a worker in as far as the configuration demands.
    case confinementTooWeak(ConfinementReport, minimum: ConfinementLevel)
    /// The worker said what no honest worker says; it may have been taken over by its source.
    case protocolViolation(String)
}
