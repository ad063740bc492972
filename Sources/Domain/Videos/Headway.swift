import Synchronization

/// Whether an attempt at a job got further than the ones before it: then they say nothing about it.
package final class Headway: Sendable {
    private let made = Atomic(false)

    package init() {}

    package var isMade: Bool { made.load(ordering: .relaxed) }

    func make() { made.store(true, ordering: .relaxed) }
}
