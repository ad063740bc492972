import Foundation
import Synchronization

/// The processes that run for the bench, and what happens to them when the bench is told to stop.
enum Children {
    private struct State {
        var processes: Set<pid_t> = []
        var scratch: URL?
        var last: (@Sendable () async -> Void)?
    }

    /// Servers end in order, and that takes them a while.
    private static let patience = DispatchTimeInterval.seconds(40)

    private static let state = Mutex(State())
    private static let wakeup = Atomic<Int32>(-1)
    private static let isEnding = Atomic(false)

    /// Returns at once, unless the bench was told to stop: then whoever ends it has the last word.
    static func leaveToSignal() async {
        guard isEnding.load(ordering: .acquiring) else { return }
        try? await Task.sleep(for: .seconds(60))  // Nobody cancels it.
    }

    static func add(_ process: pid_t) { state.withLock { _ = $0.processes.insert(process) } }

    static func remove(_ process: pid_t) { state.withLock { _ = $0.processes.remove(process) } }

    /// Done when the bench is told to stop, after the children have ended.
    static func atLast(_ body: (@Sendable () async -> Void)?) { state.withLock { $0.last = body } }

    /// From now on SIGINT and SIGTERM end all children, remove `scratch` and end the bench.
    ///
    /// By a handler that wakes a thread: to ignore or block the signals would pass that on to the children.
    static func endOnSignal(removing scratch: URL) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        state.withLock { $0.scratch = scratch }
        wakeup.store(ends[1], ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in
                var byte: UInt8 = 0
                _ = write(Children.wakeup.load(ordering: .relaxed), &byte, 1)
            }
        }
        let reading = ends[0]
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while read(reading, &byte, 1) != 1 {}
            isEnding.store(true, ordering: .releasing)
            endAll()
            finish()
            // Again: what still ran meanwhile may have made it anew.
            endAll()
            exit(130)
        }
    }

    private static func finish() {
        guard let last = state.withLock({ $0.last }) else { return }
        let done = DispatchSemaphore(value: 0)
        Task {
            await last()
            done.signal()
        }
        // Whoever asked to stop has waited long enough then.
        _ = done.wait(timeout: .now() + patience)
    }

    private static func endAll() {
        state.withLock { state in
            for process in state.processes { kill(process, SIGKILL) }
            // What cannot be removed lies where builds lie, and goes with them.
            if let scratch = state.scratch { try? FileManager.default.removeItem(at: scratch) }
        }
    }
}
