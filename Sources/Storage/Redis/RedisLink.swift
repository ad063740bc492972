import Kernel
import NIOCore

/// When one connection is opened, and what callers may expect of it meanwhile: events in, the next step out.
///
/// A command waits for a connection that is being made, but not for one whose last attempt failed: a server that is
/// gone costs its callers nothing but the first attempt.
struct RedisLink: Sendable {
    enum Phase: Sendable, Equatable {
        case connecting
        case ready(since: NIODeadline)
        /// Waits before the next attempt.
        case resting
        case closed
    }

    enum Event: Sendable {
        /// An attempt succeeded; commands may go.
        case connected(at: NIODeadline)
        /// An attempt failed, or a connection was lost, with the reason.
        case failed(Failure)
        case lost(Failure, at: NIODeadline)
        case rested
        /// An attempt has used up its time, though it goes on: names may be slow to resolve.
        case overdue
        case closed
    }

    enum Step: Sendable, Equatable {
        case connect
        case serve
        /// Waits as long as after that many attempts.
        case rest(attempt: Int)
        case stop
    }

    enum Admission: Sendable {
        case send
        case wait
        case refuse(Failure)
    }

    /// A connection that does not live that long counts as a failed attempt.
    private let shortLife: Duration
    private(set) var phase = Phase.connecting
    /// Attempts in a row that came to nothing.
    private(set) var failures = 0
    private var lastFailure = RedisLink.closedFailure

    init(shortLife: Duration) { self.shortLife = shortLife }

    static let closedFailure = Failure(.unavailable, "unavailable", "The connection to Redis is closed.")

    var admission: Admission {
        switch phase {
        case .ready: .send
        case .connecting where failures == 0: .wait
        default: .refuse(lastFailure)
        }
    }

    mutating func take(_ event: Event) -> Step {
        if case .closed = event {
            phase = .closed
            lastFailure = Self.closedFailure
        }
        guard phase != .closed else { return .stop }
        switch event {
        case .connected(let time):
            // It may have been lost before this was told.
            guard phase == .connecting else { return .connect }
            phase = .ready(since: time)
            return .serve
        case .failed(let failure):
            return rest(failure)
        case .lost(let failure, let time):
            guard case .ready(let start) = phase, time - start >= TimeAmount(shortLife) else {
                return rest(failure)
            }
            failures = 0
            lastFailure = failure
            phase = .connecting
            return .connect
        case .rested:
            phase = .connecting
            return .connect
        case .overdue:
            guard phase == .connecting, failures == 0 else { return .connect }
            failures = 1
            lastFailure = Failure(.unavailable, "unavailable", "Redis could not be reached in time.")
            return .connect
        case .closed:
            return .stop
        }
    }

    private mutating func rest(_ failure: Failure) -> Step {
        failures += 1
        lastFailure = failure
        phase = .resting
        return .rest(attempt: failures)
    }
}
