import Foundation
import Kernel

/// A bounded queue between tasks, which add and go on, and threads, which wait and take.
///
/// Unchecked because a condition variable guards the state: every access to `items` and `isClosed` holds it.
final class WorkQueue<Item: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    private var items: [Item] = []
    private var isClosed = false

    init(capacity: Int) { self.capacity = capacity }

    var depth: Int { condition.withLock { items.count } }

    /// `overloaded` when full, `unavailable` when closed.
    func add(_ item: Item) throws {
        try condition.withLock {
            if isClosed { throw Failure.unavailable("The database") }
            guard items.count < capacity else {
                throw Failure(
                    .overloaded, "overloaded", "Too much is waiting for the database; try again soon.")
            }
            items.append(item)
            condition.signal()
        }
    }

    /// Up to `limit` items in order, as soon as there is one; nil once closed and empty.
    func take(_ limit: Int) -> [Item]? {
        condition.withLock {
            while items.isEmpty && !isClosed { condition.wait() }
            guard !items.isEmpty else { return nil }
            if items.count <= limit {
                defer { items = [] }
                return items
            }
            defer { items.removeFirst(limit) }
            return Array(items.prefix(limit))
        }
    }

    func close() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
        }
    }
}
