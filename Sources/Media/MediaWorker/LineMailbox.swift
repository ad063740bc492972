import Foundation

/// Hands lines from a blocking thread to a task, one at a time: the thread waits until its line is taken.
///
/// The task must take until nil comes, or the thread waits for ever. Unchecked because all state is touched
/// only while `condition` is locked.
final class LineMailbox: @unchecked Sendable {
    private let condition = NSCondition()
    private var slot: Data?
    private var isFinished = false
    private var waiter: CheckedContinuation<Data?, Never>?

    /// Waits until there is room. Called by the thread.
    func put(_ line: Data) {
        condition.withLock {
            while slot != nil { condition.wait() }
            if let waiter {
                self.waiter = nil
                waiter.resume(returning: line)
            } else {
                slot = line
            }
        }
    }

    /// Nothing more will come. Called by the thread.
    func finish() {
        condition.withLock {
            isFinished = true
            waiter?.resume(returning: nil)
            waiter = nil
        }
    }

    /// The next line, nil at the end. Called by one task.
    func next() async -> Data? {
        await withCheckedContinuation { continuation in
            condition.withLock {
                if let line = slot {
                    slot = nil
                    condition.signal()
                    continuation.resume(returning: line)
                } else if isFinished {
                    continuation.resume(returning: nil)
                } else {
                    waiter = continuation
                }
            }
        }
    }
}
