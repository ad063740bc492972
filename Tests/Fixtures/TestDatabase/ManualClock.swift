package import Kernel
private import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: Sendable {
    private let moment: Mutex<Timestamp>

    package init(_ moment: Timestamp = Timestamp(milliseconds: 1_800_000_000_000)) {
        self.moment = Mutex(moment)
    }

    package var now: Timestamp { moment.withLock { $0 } }

    package func advance(by span: Duration) { moment.withLock { $0 = $0 + span } }
}
