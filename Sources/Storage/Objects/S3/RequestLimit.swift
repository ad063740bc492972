import Kernel
import Synchronization

/// Counts the calls under way or waiting for a connection, and refuses one too many.
final class RequestLimit: Sendable {
    /// Held as long as a call, or the body it answered with, is in transfer.
    final class Permit: Sendable {
        private let limit: RequestLimit

        fileprivate init(_ limit: RequestLimit) { self.limit = limit }

        deinit { limit.count.subtract(1, ordering: .relaxed) }
    }

    private let maximum: Int
    private let count = Atomic<Int>(0)

    init(_ maximum: Int) { self.maximum = maximum }

    /// `overloaded` if `maximum` permits are out.
    func take() throws(Failure) -> Permit {
        guard count.add(1, ordering: .relaxed).newValue <= maximum else {
            count.subtract(1, ordering: .relaxed)
            var failure = Failure(
                .overloaded, "overloaded", "Too many transfers are under way; try again soon.")
            failure.retryAfter = .seconds(1)
            throw failure
        }
        return Permit(self)
    }
}
