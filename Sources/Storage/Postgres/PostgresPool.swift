import Foundation
import Kernel
import Synchronization

/// Threads that each own one connection and run whole bodies; `PoolState` decides, this obeys.
final class PostgresPool: Sendable {
    private struct Shared {
        var state: PoolState
        /// Those that wait or run, by number.
        var calls: [Int: any PoolCall] = [:]
        /// Somebody is going to look for calls that have waited too long.
        var isLookingAhead = false
    }

    /// How much longer than its deadline a call may wait.
    private static let look = DispatchTimeInterval.milliseconds(50)

    /// What a member's thread is given to do; nil ends it.
    private final class Mailbox: Sendable {
        private let call = Mutex<(number: Int, call: any PoolCall)?>(nil)
        private let arrival = DispatchSemaphore(value: 0)

        func put(_ item: (number: Int, call: any PoolCall)?) {
            call.withLock { $0 = item }
            arrival.signal()
        }

        func take() -> (number: Int, call: any PoolCall)? {
            arrival.wait()
            return call.withLock { $0 }
        }
    }

    private let shared: Mutex<Shared>
    private let sessions: Mutex<[PostgresSession]>
    private let mailboxes: [Mailbox]
    private let threads = DispatchGroup()
    private let reconnect: Backoff
    private let numbers = Atomic(0)

    init(_ parameters: [String: String], _ settings: PostgresSettings, name: String) {
        let count = max(1, settings.connections)
        shared = Mutex(Shared(state: PoolState(members: count, maximumQueue: settings.maximumQueue)))
        mailboxes = (0..<count).map { _ in Mailbox() }
        sessions = Mutex([])
        reconnect = settings.reconnect
        let all = (0..<count).map { member in
            PostgresSession(parameters, settings, observer(of: member))
        }
        sessions.withLock { $0 = all }
        for (member, session) in all.enumerated() { start(member, session, name: name) }
    }

    var load: (waiting: Int, running: Int) { shared.withLock { ($0.state.waiting, $0.state.running) } }

    /// Runs `body` on a member's thread; a caller that is cancelled is answered once its statement has ended.
    func run<Value: Sendable>(
        until deadline: ContinuousClock.Instant,
        _ body: @escaping @Sendable (PostgresSession, CallControl) throws -> Value
    ) async throws -> Value {
        let number = numbers.add(1, ordering: .relaxed).newValue
        let control = CallControl(number, deadline: deadline)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                submit(PooledCall(control, body, continuation))
            }
        } onCancel: {
            abandon(control)
        }
    }

    /// Gives up all connections; calls that wait on one fail, whether or not its server still answers.
    func reset() {
        for session in sessions.withLock({ $0 }) { session.dropSoon() }
    }

    /// Returns when what was accepted is done and all connections are closed.
    func close() async {
        act { $0.state.close() }
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
    }

    private func submit(_ call: any PoolCall) {
        act { shared in
            let control = call.control
            shared.calls[control.number] = call
            if control.isAbandoned { return [.refuse(control.number, .abandoned)] }
            return shared.state.submit(control.number, until: control.deadline, at: .now)
        }
    }

    private func abandon(_ control: CallControl) {
        control.abandon()
        act { $0.calls[control.number] == nil ? [] : $0.state.abandon(control.number) }
    }

    /// Does what the state says after `event`, outside of the lock.
    private func act(_ event: (inout Shared) -> [PoolState.Action]) {
        let (steps, looksAhead) = shared.withLock { shared in
            let steps = event(&shared).map { action in step(action, &shared) }
            guard shared.state.waiting > 0, !shared.isLookingAhead else { return (steps, false) }
            shared.isLookingAhead = true
            return (steps, true)
        }
        if looksAhead {
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.look) { [self] in
                act { shared in
                    shared.isLookingAhead = false
                    return shared.state.expire(at: .now)
                }
            }
        }
        for step in steps { perform(step) }
    }

    private enum Step {
        case run(Int, any PoolCall, member: Int)
        case refuse(any PoolCall, PoolState.Refusal)
        case cancel(CancelNotice)
        case end(member: Int)
        case nothing
    }

    private func step(_ action: PoolState.Action, _ shared: inout Shared) -> Step {
        switch action {
        case .run(let number, let member):
            shared.calls[number].map { .run(number, $0, member: member) } ?? .nothing
        case .refuse(let number, let refusal):
            shared.calls.removeValue(forKey: number).map { .refuse($0, refusal) } ?? .nothing
        // Announced under the lock, so that the member is lent to nobody else before the request is out.
        case .cancel(let member): .cancel(sessions.withLock { $0[member] }.announceCancel())
        case .end(let member): .end(member: member)
        }
    }

    private func perform(_ step: Step) {
        switch step {
        case .run(let number, let call, let member): mailboxes[member].put((number, call))
        case .refuse(let call, let refusal): call.answer(refusal.failure)
        case .cancel(let notice): notice.send()
        case .end(let member): mailboxes[member].put(nil)
        case .nothing: break
        }
    }

    private func start(_ member: Int, _ session: PostgresSession, name: String) {
        threads.enter()
        let thread = Thread { [self] in
            while let (number, call) = mailboxes[member].take() {
                // Also before: it may have been announced when the last one had just ended.
                session.settle()
                call.perform(session)
                session.settle()
                act { shared in
                    shared.calls[number] = nil
                    return shared.state.finished(member, at: .now)
                }
                call.answer(nil)
            }
            session.drop()
            threads.leave()
        }
        thread.name = "\(name)-\(member)"
        thread.stackSize = 1 << 20
        thread.start()
    }

    private func observer(of member: Int) -> PostgresSession.Observer {
        PostgresSession.Observer(
            connected: { [weak self] in self?.shared.withLock { $0.state.connected(member) } },
            disconnected: { [weak self] in self?.shared.withLock { $0.state.disconnected(member) } },
            failed: { [weak self] in
                self?.act { shared in
                    let delay = self?.reconnect.delay(afterAttempt: shared.state.failuresInARow + 1) ?? .zero
                    return shared.state.connectFailed(member, until: .now + delay)
                }
            })
    }
}

extension PoolState.Refusal {
    var failure: Failure {
        switch self {
        case .full:
            Failure(.overloaded, "overloaded", "Too much is waiting for the database; try again soon.")
        case .late: PostgresError(.timeout, message: "waited too long for a connection").failure
        case .closed: .unavailable("The database")
        case .abandoned: .wrapping(CancellationError())
        case .unreachable: PostgresError(.connectionLost, message: "not reached a moment ago").failure
        }
    }
}
