import Synchronization

/// What sessions wrote to and read from numbered registers whose value only grows; finds reads that break a promise.
///
/// Told of each operation when it has ended. Operations of one session must not overlap.
final class RegisterHistory: Sendable {
    struct Findings: Sendable, Equatable {
        /// Writes followed by a read of the same session and register.
        var ownReads = 0
        /// Reads that followed a read of the same session and register.
        var repeatedReads = 0
        var staleOwnReads = 0
        var readsThatWentBack = 0
    }

    private struct Memory {
        var written: Int?
        var read: Int?
    }

    private struct Place: Hashable {
        let session: Int
        let register: Int
    }

    private struct State {
        var memories: [Place: Memory] = [:]
        var findings = Findings()
    }

    private let state = Mutex(State())

    var findings: Findings { state.withLock { $0.findings } }

    func wrote(_ value: Int, session: Int, register: Int) {
        state.withLock {
            $0.memories[Place(session: session, register: register), default: Memory()].written = value
        }
    }

    func read(_ value: Int, session: Int, register: Int) {
        state.withLock { state in
            let place = Place(session: session, register: register)
            var memory = state.memories[place] ?? Memory()
            if let written = memory.written {
                state.findings.ownReads += 1
                if value < written { state.findings.staleOwnReads += 1 }
            }
            if let before = memory.read {
                state.findings.repeatedReads += 1
                if value < before { state.findings.readsThatWentBack += 1 }
            }
            memory.read = max(memory.read ?? value, value)
            state.memories[place] = memory
        }
    }
}
