import Foundation
import Kernel
import Synchronization

/// Multiplexes single statements of many callers over few connections.
///
/// Callers send on their own threads, which libpq does without waiting: one that comes alone at once, and of many that
/// come together the first for all, when each that is ready to run has run. A thread waits for the answers, opens
/// connections and keeps the deadlines.
final class PostgresPipeline: Sendable {
    private struct Inbox {
        var calls: [PipelinedCall] = []
        /// Callers that have gone.
        var abandoned: [PipelinedCall] = []
        var isReset = false
        var isClosing = false
        /// Somebody will come by and take what is here.
        var isPumpDue = false
        /// Calls need not wait for an answer to others, after which the thread takes them.
        var takesMore = true
        /// The thread sleeps until it is woken.
        var isDozing = false
        /// The thread has gone, and nothing is taken any more.
        var isEnded = false
    }

    private enum Reception {
        case refused(PipelineState.Refusal)
        case taken
        /// Somebody has to send it.
        case first
    }

    private let inbox = Mutex(Inbox())
    private let core: Mutex<PipelineCore>
    private let connections: Int
    private let maximumQueue: Int
    private let underWay = Atomic(0)
    private let ended = DispatchGroup()
    private let watch: SocketWatch

    init(_ parameters: [String: String], _ settings: PostgresSettings, name: String) throws {
        let watch = try SocketWatch()
        self.watch = watch
        connections = max(1, settings.pipelineConnections)
        maximumQueue = settings.maximumQueue
        core = Mutex(PipelineCore(settings, watch))
        ended.enter()
        let thread = Thread { [self] in
            loop(PipelineDial(parameters, settings, watch))
            ended.leave()
        }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Statements that wait or travel.
    var load: Int { underWay.load(ordering: .relaxed) }

    /// Returns when `call` has its result.
    func run(_ call: PipelinedCall) async throws {
        let crowd = underWay.add(1, ordering: .relaxed).newValue
        defer { underWay.subtract(1, ordering: .relaxed) }
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                call.continuation = continuation
                submit(call, crowd)
                // The handler may have run before there was anything to abandon.
                if Task.isCancelled { abandon(call) }
            }
        } onCancel: {
            abandon(call)
        }
    }

    /// Drops the connections; what travels is tried once more over new ones.
    func reset() {
        inbox.withLock { $0.isReset = true }
        watch.signal()
    }

    func close() async {
        inbox.withLock { $0.isClosing = true }
        watch.signal()
        await withCheckedContinuation { continuation in
            ended.notify(queue: .global()) { continuation.resume() }
        }
    }

    // MARK: Callers

    private func submit(_ call: PipelinedCall, _ crowd: Int) {
        let (reception, isDozing) = inbox.withLock { inbox -> (Reception, Bool) in
            if inbox.isEnded { return (.refused(.closed), false) }
            guard inbox.calls.count < maximumQueue else { return (.refused(.full), false) }
            inbox.calls.append(call)
            let isFirst = inbox.takesMore && !inbox.isPumpDue
            defer {
                if isFirst { inbox.isPumpDue = true }
                inbox.isDozing = false
            }
            return (isFirst ? .first : .taken, inbox.isDozing)
        }
        if isDozing { watch.signal() }
        switch reception {
        case .taken: break
        case .first where crowd == 1: pump(lookingFor: call)
        case .first where crowd <= connections: pump()
        case .first: pumpSoon()
        case .refused(let refusal):
            call.refuse(refusal)
            call.resume()
        }
    }

    private func abandon(_ call: PipelinedCall) {
        let isTaken = inbox.withLock { inbox in
            if !inbox.isEnded { inbox.abandoned.append(call) }
            return !inbox.isEnded
        }
        if isTaken { pump() }
    }

    /// Behind all that is ready to run now: what they ask travels too.
    private func pumpSoon() {
        Task.detached(priority: Task.currentPriority) { self.pump() }
    }

    /// Sends what callers ask, as far as connections are free.
    private func pump(lookingFor call: PipelinedCall? = nil) {
        let (over, wantsThread) = core.withLock { core in
            take(&core)
            core.dispatch()
            if let call { core.look(for: call) { underWay.load(ordering: .relaxed) == 1 } }
            core.armBusy()
            tell(core.takesMore, endsPump: true)
            return (core.takeOver(), core.wantsConnections)
        }
        if wantsThread { watch.signal() }
        for call in over { call.resume() }
    }

    /// Hands on what is in the inbox; calls only if `all`.
    private func take(_ core: inout PipelineCore, all: Bool = true) {
        let new = inbox.withLock { inbox in
            var new = inbox
            if all || inbox.isClosing {
                (inbox.calls, inbox.abandoned) = ([], [])
            } else {
                new.calls = []
                // A call must be taken up before it can be given up.
                let waiting = inbox.calls
                inbox.abandoned.removeAll { call in !waiting.contains { $0 === call } }
                new.abandoned.removeAll { call in waiting.contains { $0 === call } }
            }
            inbox.isReset = false
            return new
        }
        core.submit(new.calls)
        core.abandon(new.abandoned)
        if new.isReset { core.reset() }
        if new.isClosing { core.close() }
    }

    /// Lets callers know whether to send, at the end of a pump or of a turn; those whom nobody has sent for are sent for.
    private func tell(_ takesMore: Bool, endsPump: Bool) {
        let isMissed = inbox.withLock { inbox in
            inbox.takesMore = takesMore
            if endsPump { inbox.isPumpDue = false }
            guard takesMore, !inbox.calls.isEmpty, !inbox.isPumpDue else { return false }
            inbox.isPumpDue = true
            return true
        }
        if isMissed { pumpSoon() }
    }

    // MARK: The thread

    private func loop(_ start: PipelineDial) {
        var dial = start
        var isDozing = false
        var isLast = false
        while !isLast {
            let ready = watch.wait(isDozing ? -1 : Int32(PipelineCore.tick.inMilliseconds))
            isLast = turn(ready, &dial)
            isDozing = ready.isEmpty && !dial.isBusy && doze()
        }
        let late = inbox.withLock { inbox in
            inbox.isEnded = true
            defer { inbox.calls = [] }
            return inbox.calls
        }
        // Whoever came too late is told so.
        for call in late {
            call.refuse(.closed)
            call.resume()
        }
    }

    /// Does what is due; true if that was the last.
    private func turn(_ ready: [Int], _ dial: inout PipelineDial) -> Bool {
        // Callers that are answered ask again at once; the first of them is not to send before the others.
        let isHeld = hold()
        let now = ContinuousClock.now
        let steps = dial.advance(ready, at: now)
        let (over, wanted, isLast) = core.withLock { core in
            for (slot, step) in steps { core.note(step, of: slot) }
            for slot in ready { core.serve(slot) }
            take(&core, all: isHeld)
            core.expire(at: now)
            core.dispatch()
            core.armBusy()
            tell(core.takesMore, endsPump: false)
            let isLast = core.isClosing && core.isIdle
            if isLast { core.dropAll() }
            return (core.takeOver(), core.takeWanted(), isLast)
        }
        for call in over { call.resume() }
        for slot in wanted where !dial.begin(slot) { fail(slot) }
        if isHeld { release() }
        return isLast
    }

    private func fail(_ slot: Int) {
        let over = core.withLock { core in
            core.note(.failed, of: slot)
            return core.takeOver()
        }
        for call in over { call.resume() }
    }

    /// Until `release`, nobody sends for those who come; false if somebody is about to.
    private func hold() -> Bool {
        inbox.withLock { inbox in
            defer { inbox.isPumpDue = true }
            return !inbox.isPumpDue
        }
    }

    private func release() {
        let isDue = inbox.withLock { inbox in
            inbox.isPumpDue = inbox.takesMore && !inbox.calls.isEmpty
            return inbox.isPumpDue
        }
        if isDue { pumpSoon() }
    }

    /// True if nothing is to be waited for; then whoever comes next wakes the thread.
    private func doze() -> Bool {
        core.withLock { core in
            guard core.isIdle else { return false }
            return inbox.withLock { inbox in
                inbox.isDozing =
                    inbox.calls.isEmpty && inbox.abandoned.isEmpty && !inbox.isReset && !inbox.isClosing
                return inbox.isDozing
            }
        }
    }
}
