import Kernel
import Synchronization

/// Counts the bodies that are being written or read, and refuses one too many.
final class TransferLimit: Sendable {
    /// Held as long as a body is in transfer.
    final class Permit: Sendable {
        private let limit: TransferLimit

        fileprivate init(_ limit: TransferLimit) { self.limit = limit }

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
