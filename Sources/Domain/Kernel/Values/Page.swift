/// A slice of a list in key order.
package struct Page<Item: Sendable>: Sendable {
    package let items: [Item]
    /// Where the next page starts; nil at the end.
    package let next: UUIDv7?

    package init(items: [Item], next: UUIDv7?) {
        self.items = items
        self.next = next
    }

    /// A page out of `limit + 1` rows that were read, so that the last page knows that it is the last.
    package init(reading rows: [Item], limit: Int, key: (Item) -> UUIDv7) {
        items = Array(rows.prefix(limit))
        next = rows.count > limit ? items.last.map(key) : nil
    }

    package func map<Other>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), next: next)
    }
}

/// What a caller asks of a list.
package struct PageRequest: Sendable {
    package enum Order: Sendable { case newestFirst, oldestFirst }

    package static let maximumLimit = 100
    package let limit: Int
    /// Exclusive: the key of the last item seen.
    package let after: UUIDv7?
    package let order: Order

    package init(limit: Int, after: UUIDv7? = nil, order: Order = .newestFirst) {
        self.limit = min(max(1, limit), Self.maximumLimit)
        self.after = after
        self.order = order
    }
}
