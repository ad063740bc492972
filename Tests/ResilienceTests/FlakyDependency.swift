import Kernel
import Synchronization

/// How a dependency of a test behaves now.
final class FlakyDependency: Sendable {
    enum Mood: Sendable {
        case well, dead, slow
        /// Dead for so many calls.
        case failing(Int)
    }

    private let state = Mutex((mood: Mood.well, calls: 0))

    var calls: Int { state.withLock { $0.calls } }

    func become(_ mood: Mood) { state.withLock { $0 = (mood, 0) } }

    /// Passes, throws, or hangs until cancelled.
    func touch() async throws {
        let (mood, number) = state.withLock { state in
            state.calls += 1
            return (state.mood, state.calls)
        }
        switch mood {
        case .well: return
        case .failing(let count) where number > count: return
        case .dead, .failing: throw Failure.unavailable("dependency")
        case .slow: try await Task.sleep(for: .seconds(3600))
        }
    }
}
