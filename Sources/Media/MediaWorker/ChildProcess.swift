import CConfinement
import Foundation
import Synchronization

/// One worker process and the thread that feeds, reads, watches and reaps it.
///
/// The thread lives as long as the process: the kernel counts a parent's death by the thread that started the
/// child.
final class ChildProcess: Sendable {
    struct Launch: Sendable {
        var executable: String
        var arguments: [String]
        /// The request, without its line end.
        var input: Data
        /// Silence after which the process is killed.
        var stall: Duration
        /// Time after which it is killed in any case.
        var deadline: Duration
    }

    /// Why this side ended the process.
    enum Stop: Sendable, Equatable {
        case cancelled, stalled, deadline, abandoned
        case violation(String)
    }

    struct Ending: Sendable {
        var stop: Stop?
        /// The signal that ended the process, or 0.
        var signal: Int32
        var status: Int32
        /// `errno` when it could not be started.
        var launchError: Int32
        /// The end of its standard error.
        var diagnostics: String
    }

    private struct State {
        /// Nil before the start and after the process was reaped; only between them may it be signalled.
        var process: pid_t?
        var stop: Stop?
        var ending: Ending?
    }

    let lines = LineMailbox()
    private let launch: Launch
    private let state = Mutex(State())

    init(_ launch: Launch) { self.launch = launch }

    func start() {
        let thread = Thread { [self] in
            supervise()
            lines.finish()
        }
        thread.name = "media child"
        thread.start()
    }

    /// Kills the process and all it started; the first reason is kept. Harmless when it has ended.
    func stop(_ reason: Stop) {
        state.withLock { state in
            guard state.ending == nil else { return }
            state.stop = state.stop ?? reason
            if let process = state.process { kill(-process, SIGKILL) }
        }
    }

    /// How it ended; known when `lines` has given nil.
    var ending: Ending? { state.withLock { $0.ending } }

    /// Its number while it runs.
    var identifier: pid_t? { state.withLock { $0.process } }

    private func supervise() {
        blockBrokenPipeSignal()
        var child = confinement_child()
        let code = state.withLock { state -> Int32 in
            guard state.stop == nil else { return -ECANCELED }
            let code = spawn(&child)
            if code == 0 { state.process = child.process }
            return code
        }
        guard code == 0 else {
            let ending = Ending(stop: nil, signal: 0, status: 0, launchError: -code, diagnostics: "")
            return state.withLock { $0.ending = merged(ending, $0.stop) }
        }
        var pipes = ChildPipes(input: child.input, output: child.output, errors: child.errors)
        pipes.send(launch.input)
        let watch = ChildWatch(stall: launch.stall, deadline: launch.deadline)
        if let reason = pipes.read(watch, line: lines.put) { stop(reason) }
        reap(child.process, diagnostics: pipes.diagnostics)
        pipes.close()
    }

    private func reap(_ process: pid_t, diagnostics: String) {
        // A process that closed its output but lives on is not waited for long.
        if confinement_has_ended(process, 2_000) == 0 { kill(-process, SIGKILL) }
        while confinement_has_ended(process, 1_000) == 0 {}
        state.withLock { state in
            var ending = Ending(stop: nil, signal: 0, status: 0, launchError: 0, diagnostics: diagnostics)
            confinement_reap(process, &ending.status, &ending.signal)
            state.process = nil
            state.ending = merged(ending, state.stop)
        }
    }

    private func merged(_ ending: Ending, _ stop: Stop?) -> Ending {
        var ending = ending
        ending.stop = stop
        return ending
    }

    private func spawn(_ child: inout confinement_child) -> Int32 {
        let arguments = ([launch.executable] + launch.arguments).map { strdup($0) } + [nil]
        let environment = Self.environment.map { strdup($0) } + [nil]
        defer { (arguments + environment).forEach { free($0) } }
        return confinement_spawn(launch.executable, arguments, environment, &child)
    }

    /// Nothing of the parent's: its environment may hold secrets.
    private static let environment: [String] = {
        let libraries = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"].map {
            ["LD_LIBRARY_PATH=" + $0]
        }
        return ["LANG=C", "SWIFT_BACKTRACE=enable=no"] + (libraries ?? [])
    }()

    /// Of this thread only: a child that dies early must not take the parent with it.
    private func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
