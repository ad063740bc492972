import Foundation
import Kernel
import Relational
import Synchronization

/// A member of a pool on its own thread: one connection, opened when it is needed and again when it was lost.
///
/// Unchecked because only its thread touches `connection`; the rest is constant or locked.
final class PostgresSession: @unchecked Sendable {
    struct Observer: Sendable {
        let connected: @Sendable () -> Void
        let disconnected: @Sendable () -> Void
        let failed: @Sendable () -> Void
    }

    let settings: PostgresSettings
    private let parameters: [String: String]
    private let observer: Observer
    private var connection: PostgresConnection?
    private var generation = 0
    private let wantedGeneration = Atomic(0)
    /// What other threads may do to the connection, while it is open.
    private let reach = Mutex<(cancellation: Cancellation?, descriptor: Int32)?>(nil)
    private let requests = DispatchGroup()
    private let hasRequests = Atomic(false)

    /// How long a request to cancel may take before its connection is given up.
    private static let cancelPatience = DispatchTimeInterval.seconds(1)

    init(_ parameters: [String: String], _ settings: PostgresSettings, _ observer: Observer) {
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
            let opened = try PostgresConnection.open(
                parameters, statements: settings.preparedStatements,
                until: min(deadline, .now + settings.connectDeadline))
            connection = opened
            reach.withLock { $0 = (opened.cancellation(), opened.descriptor) }
            observer.connected()
            return (opened, true)
        } catch {
            observer.failed()
            let message = (error as? PostgresError)?.message ?? "\(error)"
            throw PostgresError(.connectionLost, message: message)
        }
    }

    func drop() {
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

    /// Asks the server to stop what this session runs. From any thread; the request has a thread of its own because
    /// a stuck server does not end it.
    func requestCancel() {
        guard let request = reach.withLock({ $0?.cancellation }) else { return }
        hasRequests.store(true, ordering: .releasing)
        requests.enter()
        let thread = Thread { [requests] in
            request.request()
            requests.leave()
        }
        thread.stackSize = 1 << 18
        thread.start()
    }

    /// Between two calls: makes sure that no request to cancel hits the next.
    func settle() {
        guard hasRequests.load(ordering: .acquiring) else { return }
        guard requests.wait(timeout: .now() + Self.cancelPatience) == .success else { return drop() }
        hasRequests.store(false, ordering: .relaxed)
        guard let connection else { return }
        do {
            _ = try connection.exchange(
                [[try .init(PostgresSQL.nothing)]], until: .now + .seconds(1))
        } catch {
            drop()
        }
    }
}
