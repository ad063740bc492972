import CSpawn
package import Foundation
import Synchronization

/// A program that a test runs beside itself.
///
/// Not Foundation's `Process`, which on Linux reads past its buffer where this process has more than some 1,350 files open
/// (swift-corelibs-foundation#5472, mended after Swift 6.3), lets children that start at once inherit each other's ends of
/// pipes, learns of no end while one child that has closed its files runs on, and passes on blocked signals, SIGTERM among
/// them.
package final class ChildProcess: Sendable {
    package enum End: Equatable, Sendable {
        case exit(Int32)
        case signal(Int32)

        /// The exit status, or the signal.
        package var status: Int32 {
            switch self {
            case .exit(let number), .signal(let number): number
            }
        }
    }

    package enum Stream: Sendable {
        case inherited
        case null
        /// Open for as long as it takes to start; the caller's to close.
        case descriptor(Int32)

        package static func file(_ handle: FileHandle) -> Stream { .descriptor(handle.fileDescriptor) }
    }

    package let identifier: Int32
    private let outcome = Mutex<End?>(nil)
    private let over = DispatchGroup()

    /// Starts it. It gets the three streams and no other file, no blocked signal, and a process group of its own.
    package init(
        _ program: String, _ arguments: [String] = [],
        environment: [String: String] = ProcessInfo.processInfo.environment, folder: String? = nil,
        input: Stream = .null, output: Stream = .inherited, errors: Stream = .inherited
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let folder { spawn_in_folder(&actions, folder) }
        for (number, stream) in [input, output, errors].enumerated() {
            switch stream {
            case .inherited: break
            case .null: posix_spawn_file_actions_addopen(&actions, Int32(number), "/dev/null", O_RDWR, 0)
            case .descriptor(let descriptor):
                posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
            }
        }
        spawn_closing_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        let status = Self.withCStrings([program] + arguments) { arguments in
            Self.withCStrings(environment.map { "\($0.key)=\($0.value)" }) {
                posix_spawn(&pid, program, &actions, &attributes, arguments, $0)
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EINVAL) }
        identifier = pid
        over.enter()
        // Strongly held: it is reaped even if nobody waits for it.
        Thread.detachNewThread { self.reap() }
    }

    private func reap() {
        // First only told of the end, so that nobody can be sent a signal under a number that another process has by now.
        var information = siginfo_t()
        while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        outcome.withLock {
            // No success, should the system know of no such child.
            var status: Int32 = -1
            while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
            $0 = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
        over.leave()
    }

    /// How it ended, if it has.
    package var end: End? { outcome.withLock { $0 } }

    package var isRunning: Bool { end == nil }

    /// To a process that has ended, none.
    package func signal(_ number: Int32) {
        outcome.withLock { if $0 == nil { kill(identifier, number) } }
    }

    /// Seconds until a process that does not end is killed, which shows in how it ended.
    private static let patience = 300.0

    /// Waits for its end without holding up other tests; cancellation does not shorten it.
    package func ended() async -> End {
        let killer = DispatchWorkItem { self.signal(SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience, execute: killer)
        defer { killer.cancel() }
        return await withCheckedContinuation { continuation in
            over.notify(queue: .global()) { continuation.resume(returning: self.end ?? .exit(-1)) }
        }
    }

    /// As `ended`, where the caller cannot suspend.
    package func waitUntilEnd() -> End {
        if over.wait(timeout: .now() + Self.patience) == .timedOut { signal(SIGKILL) }
        over.wait()
        return end ?? .exit(-1)
    }

    /// Runs a program to its end: how it ended, and what it wrote, with its errors unless they go elsewhere.
    package static func run(
        _ program: String, _ arguments: [String] = [],
        environment: [String: String] = ProcessInfo.processInfo.environment, folder: String? = nil,
        errors: Stream? = nil
    ) async throws -> (end: End, output: String) {
        let (process, file) = try start(program, arguments, environment, folder, errors)
        return (await process.ended(), file.text)
    }

    /// As `run`, where the caller cannot suspend.
    package static func runWaiting(
        _ program: String, _ arguments: [String] = [], errors: Stream? = nil
    ) throws -> (end: End, output: String) {
        let (process, file) = try start(program, arguments, ProcessInfo.processInfo.environment, nil, errors)
        return (process.waitUntilEnd(), file.text)
    }

    private static func start(
        _ program: String, _ arguments: [String], _ environment: [String: String], _ folder: String?,
        _ errors: Stream?
    ) throws -> (ChildProcess, ScratchFile) {
        let file = try ScratchFile()
        let output = Stream.descriptor(file.descriptor)
        let process = try ChildProcess(
            program, arguments, environment: environment, folder: folder, output: output,
            errors: errors ?? output)
        return (process, file)
    }

    /// A program that was built with the tests.
    package static func built(_ name: String) -> String {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: name).path
    }

    private static func withCStrings<Result>(
        _ words: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}

/// A nameless file: what a program wrote, without a pipe that somebody must drain and others may inherit.
private final class ScratchFile: Sendable {
    let descriptor: Int32

    init() throws {
        var path = Array((NSTemporaryDirectory() + "/output-XXXXXX").utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    var text: String {
        var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
