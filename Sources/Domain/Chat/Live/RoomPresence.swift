package import Kernel

/// Who is in one room: people connected here, and those that other nodes tell of until they fall silent.
package struct RoomPresence: Sendable {
    /// People that are named; more are counted.
    package static let named = 100

    /// What one node tells the others.
    package struct Roster: Sendable, Equatable {
        package let users: [UserID]
        package let count: Int

        package init(users: [UserID], count: Int) {
            self.users = users
            self.count = max(count, users.count)
        }
    }

    private struct Remote {
        var roster: Roster
        var until: Duration
    }

    private let nodes: Int
    /// Connections of each person here.
    private var local: [UserID: Int] = [:]
    private var remote: [UUIDv7: Remote] = [:]

    /// Remembers at most so many other nodes.
    package init(nodes: Int = 256) { self.nodes = nodes }

    package var localUsers: [UserID] { Array(local.keys) }

    package func knows(_ node: UUIDv7) -> Bool { remote[node] != nil }

    /// True if that changed who is here.
    package mutating func entered(_ user: UserID) -> Bool {
        local[user, default: 0] += 1
        return local[user] == 1
    }

    package mutating func left(_ user: UserID) -> Bool {
        guard let count = local[user] else { return false }
        local[user] = count > 1 ? count - 1 : nil
        return count == 1
    }

    /// Another node told of its own; believed until `until`.
    package mutating func heard(_ roster: Roster, of node: UUIDv7, until: Duration) -> Bool {
        if roster.count == 0 { return remote.removeValue(forKey: node) != nil }
        guard remote[node] != nil || remote.count < nodes else { return false }
        let isNews = remote[node]?.roster != roster
        remote[node] = Remote(roster: roster, until: until)
        return isNews
    }

    /// Forgets nodes that fell silent; true if there were any.
    package mutating func expire(at now: Duration) -> Bool {
        let before = remote.count
        remote = remote.filter { $0.value.until > now }
        return remote.count < before
    }

    /// For other nodes.
    package var own: Roster {
        Roster(users: Array(local.keys.sorted(by: Self.order).prefix(Self.named)), count: local.count)
    }

    /// For people. Somebody who is named on two nodes counts once.
    package var all: Roster {
        var users = Set(local.keys)
        var unnamed = 0
        for roster in remote.values.map(\.roster) {
            users.formUnion(roster.users)
            unnamed += roster.count - roster.users.count
        }
        return Roster(
            users: Array(users.sorted(by: Self.order).prefix(Self.named)), count: users.count + unnamed)
    }

    private static func order(_ left: UserID, _ right: UserID) -> Bool {
        (left.uuid.high, left.uuid.low) < (right.uuid.high, right.uuid.low)
    }
}
