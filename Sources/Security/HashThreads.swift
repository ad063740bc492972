import Foundation

/// Threads of their own for work that takes a core for long: on the shared pools everything else would wait for it.
///
/// Unchecked because the condition guards `works` and `isOver`: every access holds it.
final class HashThreads: @unchecked Sendable {
    private let condition = NSCondition()
    private var works: [@Sendable () -> Void] = []
    private var isOver = false

    init(count: Int) {
        for number in 1...max(1, count) {
            let thread = Thread { [weak self] in
                while let work = self?.next() { work() }
            }
            thread.name = "password-\(number)"
            thread.start()
        }
    }

    /// The callers bound how many may wait.
    func run(_ work: @escaping @Sendable () -> Void) {
        condition.withLock {
            works.append(work)
            condition.signal()
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        condition.withLock {
            while works.isEmpty && !isOver { condition.wait() }
            return works.isEmpty ? nil : works.removeFirst()
        }
    }

    /// Lets the threads go once the work is done.
    func close() {
        condition.withLock {
            isOver = true
            condition.broadcast()
        }
    }
}
