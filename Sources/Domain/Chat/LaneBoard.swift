/// Who waits for which lane: the rules of `RoomLanes` as a value.
///
/// A lane is there while it has somebody waiting or at work. It works on one batch at a time, in the order of arrival.
package struct LaneBoard<Key: Hashable & Sendable, Item: Sendable>: Sendable {
    package struct Limits: Sendable {
        package var lanes = 4_096
        /// Of one lane.
        package var waiting = 1_024
        package var batch = 64

        package init() {}
    }

    package struct Place: Hashable, Sendable {
        package let key: Key
        fileprivate let number: UInt64
    }

    package enum Admission: Equatable, Sendable {
        /// Somebody must begin to work on the lane.
        case begin
        case wait
        case refused
    }

    private let limits: Limits
    private var lanes: [Key: [(place: Place, item: Item)]] = [:]
    private var lastNumber: UInt64 = 0

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { lanes.count }

    /// A place that is nobody else's, not yet in line.
    package mutating func place(for key: Key) -> Place {
        lastNumber += 1
        return Place(key: key, number: lastNumber)
    }

    package mutating func add(_ item: Item, at place: Place) -> Admission {
        let waiting = lanes[place.key]
        guard waiting != nil || lanes.count < limits.lanes, (waiting?.count ?? 0) < limits.waiting else {
            return .refused
        }
        lanes[place.key, default: []].append((place, item))
        return waiting == nil ? .begin : .wait
    }

    /// The next batch for whoever works on the lane; empty when there is none, and then the lane is gone.
    package mutating func next(of key: Key) -> [(place: Place, item: Item)] {
        guard let waiting = lanes[key], !waiting.isEmpty else {
            lanes[key] = nil
            return []
        }
        lanes[key] = Array(waiting.dropFirst(limits.batch))
        return Array(waiting.prefix(limits.batch))
    }

    /// Whoever gives up leaves the line; false for one that is at work already, or done.
    package mutating func leave(_ place: Place) -> Bool {
        guard let index = lanes[place.key]?.firstIndex(where: { $0.place == place }) else { return false }
        lanes[place.key]?.remove(at: index)
        return true
    }
}
