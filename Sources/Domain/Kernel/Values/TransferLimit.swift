private import Synchronization

/// Counts the transfers that are under way or wait, and refuses one too many.
package final class TransferLimit: Sendable {
    /// Held as long as what it was taken for is under way.
    package final class Permit: Sendable {
        private let limit: TransferLimit

        fileprivate init(_ limit: TransferLimit) { self.limit = limit }

        deinit { limit.count.subtract(1, ordering: .relaxed) }
    }

    private let maximum: Int
    private let count = Atomic<Int>(0)

    package init(_ maximum: Int) { self.maximum = maximum }

    /// `overloaded` if `maximum` permits are out.
    package func take() throws(Failure) -> Permit {
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
