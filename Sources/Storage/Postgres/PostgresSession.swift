import Foundation
import Kernel
import Relational
import Synchronization

/// A member of a pool on its own thread: one connection, opened when it is needed and again when it was lost.
///
/// Unchecked because only its thread touches `connection` and `attempt`; the rest is constant or locked.
final class PostgresSession: @unchecked Sendable {
    struct Observer: Sendable {
        let connected: @Sendable () -> Void
        let disconnected: @Sendable () -> Void
        let failed: @Sendable () -> Void
    }

    /// A connection on its way, which outlasts a caller with less time.
    private struct Attempt {
        let connection: PostgresConnection
        var progress = PostgresConnection.Progress.writes
        let end: ContinuousClock.Instant
    }

    let settings: PostgresSettings
    private let parameters: [String: String]
    private let observer: Observer
    private var connection: PostgresConnection?
    private var attempt: Attempt?
    private var generation = 0
    private let wantedGeneration = Atomic(0)
    /// What other threads may do to the connection, while it is open.
    private let reach = Mutex<(cancellation: Cancellation?, descriptor: Int32)?>(nil)
    /// Requests to cancel that were announced since the last `settle`.
    private let requests = Mutex<DispatchGroup?>(nil)

    /// How long a request to cancel may take before its connection is given up.
    private let cancelPatience: DispatchTimeInterval

    init(
        _ parameters: [String: String], _ settings: PostgresSettings, _ observer: Observer,
        cancelPatience: DispatchTimeInterval = .seconds(1)
    ) {
        self.cancelPatience = cancelPatience
        self.parameters = parameters
        self.settings = settings
        self.observer = observer
    }

    /// Open, and not one of those that were to be dropped.
    func opened(until deadline: ContinuousClock.Instant) throws -> (PostgresConnection, isFresh: Bool) {
        let wanted = wantedGeneration.load(ordering: .relaxed)
        if generation != wanted { drop() }
        generation = wanted
        if let connection { return (connection, false) }
        do {
            let opened = try connect(until: deadline)
            connection = opened
            reach.withLock { $0 = (opened.cancellation(), opened.descriptor) }
            observer.connected()
            return (opened, true)
        } catch {
            if attempt == nil { observer.failed() }
            let message = (error as? PostgresError)?.message ?? "\(error)"
            throw PostgresError(.connectionLost, message: message)
        }
    }

    /// Leaves the attempt to the next caller where only the deadline of this one has passed.
    private func connect(until deadline: ContinuousClock.Instant) throws -> PostgresConnection {
        var current =
            try attempt
            ?? Attempt(
                connection: PostgresConnection(parameters, statements: settings.preparedStatements),
                end: .now + settings.connectDeadline)
        attempt = nil
        do {
            try current.connection.connect(&current.progress, until: min(deadline, current.end))
        } catch let error as PostgresError where error.kind == .timeout && deadline < current.end {
            attempt = current
            throw error
        }
        return current.connection
    }

    func drop() {
        attempt = nil
        guard connection != nil else { return }
        // First, so that nobody reaches for a descriptor that stands for something else by then.
        reach.withLock { $0 = nil }
        connection = nil
        observer.disconnected()
    }

    /// Its connection is given up, also by a call that waits on it. From any thread.
    func dropSoon() {
        wantedGeneration.add(1, ordering: .relaxed)
        reach.withLock { if let descriptor = $0?.descriptor { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    /// The connection that is open was to be dropped meanwhile.
    var isToBeDropped: Bool { generation != wantedGeneration.load(ordering: .relaxed) }

    /// Asks the server to stop what this session runs.
    func requestCancel() { announceCancel().send() }

    /// `settle` waits for what is announced until it is sent. From any thread, while what is to be stopped runs.
    func announceCancel() -> CancelNotice {
        let group = requests.withLock { requests in
            let group = requests ?? DispatchGroup()
            group.enter()
            requests = group
            return group
        }
        return CancelNotice(group: group, request: reach.withLock { $0?.cancellation })
    }

    /// Between two calls: makes sure that no request to cancel hits the next.
    func settle() {
        guard let group = requests.withLock({ $0 }) else { return }
        let isSent = group.wait(timeout: .now() + cancelPatience) == .success
        requests.withLock { requests in
            // What is announced in this moment is waited for before the next call. One that is stuck was for the
            // connection that is given up.
            if !isSent || group.wait(timeout: .now()) == .success { requests = nil }
        }
        guard isSent else { return drop() }
        guard let connection else { return }
        do {
            _ = try connection.exchange(
                [[try .init(PostgresSQL.nothing)]], until: .now + .seconds(1))
        } catch {
            drop()
        }
    }
}

/// A request to cancel that was announced; to be sent once.
struct CancelNotice: Sendable {
    fileprivate let group: DispatchGroup
    fileprivate let request: Cancellation?

    /// From any thread; the request has a thread of its own because a stuck server does not end it.
    func send() {
        guard let request else { return group.leave() }
        let thread = Thread { [group] in
            request.request()
            group.leave()
        }
        thread.stackSize = 1 << 18
        thread.start()
    }
}
