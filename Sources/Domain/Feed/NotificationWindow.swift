import Kernel

/// Which of a person's newest notifications are news for one who watches them, out of each look at them.
///
/// New ones may lie behind older ids, since events of several keys come in no order: so ids are remembered.
package struct NotificationWindow: Sendable {
    /// Looked at, and known from the beginning.
    package static let size = 20
    /// Told ones that are remembered behind those.
    private static let remembered = 80

    private var told: Set<NotificationID>
    /// What is older moved up when others went: it was there before, or has been told and was forgotten here.
    private var floor: NotificationID?

    /// `newest` are at most `size`, newest first.
    package init(_ newest: [Notification]) {
        told = Set(newest.map(\.id))
        floor = newest.count < Self.size ? nil : newest.last?.id
    }

    /// Those that have not been told, oldest first; told from now on.
    package mutating func news(in newest: [Notification]) -> [Notification] {
        let news = newest.reversed().filter { one in
            !told.contains(one.id) && floor.map { !Self.isOlder(one.id, $0) } ?? true
        }
        let shown = Set(newest.map(\.id))
        let others = told.subtracting(shown).sorted(by: Self.isOlder).suffix(Self.remembered)
        if others.count == Self.remembered, let oldest = others.first { floor = oldest }
        told = shown.union(others)
        return news
    }

    private static func isOlder(_ left: NotificationID, _ right: NotificationID) -> Bool {
        (left.uuid.high, left.uuid.low) < (right.uuid.high, right.uuid.low)
    }
}
