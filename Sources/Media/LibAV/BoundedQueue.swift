import Foundation

/// A queue between two threads that holds at most `capacity` elements; the writer waits when it is full.
///
/// Unchecked because `elements` and the flags are touched only while `condition` is locked.
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    private var elements: [Element] = []
    private var isFinished = false
    private var isCancelled = false

    init(capacity: Int) { self.capacity = capacity }

    /// False when the reader has given up.
    func push(_ element: Element) -> Bool {
        condition.withLock {
            while elements.count >= capacity, !isCancelled { condition.wait() }
            guard !isCancelled else { return false }
            elements.append(element)
            condition.broadcast()
            return true
        }
    }

    /// Nil after the last element, or when cancelled.
    func pop() -> Element? {
        condition.withLock {
            while elements.isEmpty, !isFinished, !isCancelled { condition.wait() }
            guard !isCancelled, !elements.isEmpty else { return nil }
            defer { condition.broadcast() }
            return elements.removeFirst()
        }
    }

    var wasCancelled: Bool { condition.withLock { isCancelled } }

    /// Nothing more will be pushed.
    func finish() {
        condition.withLock {
            isFinished = true
            condition.broadcast()
        }
    }

    /// Frees both sides at once and forgets what waits.
    func cancel() {
        condition.withLock {
            isCancelled = true
            elements.removeAll()
            condition.broadcast()
        }
    }
}
