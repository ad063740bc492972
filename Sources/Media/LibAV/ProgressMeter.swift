import Synchronization
package import Videos

/// Tells how far the slowest rendition is: never backward, at most five times a second, 1 only at the end.
final class ProgressMeter: Sendable {
    private struct State {
        var done: [Int]
        var told = 0.0
        var toldAt: ContinuousClock.Instant?
    }

    private let state: Mutex<State>
    private let expected: Double
    private let step: StepHandler

    init(renditions: Int, alreadyDone: Int, expected: Int, step: @escaping StepHandler) {
        state = Mutex(State(done: Array(repeating: alreadyDone, count: renditions)))
        self.expected = Double(max(expected, 1))
        self.step = step
    }

    /// Notes that rendition `index` has encoded `frames` frames, resumed ones included.
    func advance(_ index: Int, to frames: Int) throws {
        try state.withLock { state in
            state.done[index] = frames
            try tell(&state)
        }
    }

    /// Shows life while nothing is encoded yet.
    func beat() throws {
        try state.withLock { try tell(&$0) }
    }

    func finish() throws {
        try state.withLock { _ in try step(.progress(1)) }
    }

    private func tell(_ state: inout State) throws {
        let now = ContinuousClock.now
        if let toldAt = state.toldAt, now - toldAt < .milliseconds(200) { return }
        // A source longer than it claimed must not reach the end before it has.
        let fraction = min(0.999, Double(state.done.min() ?? 0) / expected)
        state.told = max(state.told, fraction)
        state.toldAt = now
        try step(.progress(state.told))
    }
}

package typealias StepHandler = @Sendable (TranscodeStep) throws -> Void
