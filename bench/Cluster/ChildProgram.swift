import Foundation

/// A command line to start as a child process in a session of its own.
struct ChildProgram: Sendable {
    /// The program's path first.
    var command: [String]
    /// All of it: nothing is inherited.
    var environment: [String: String]
    var folder: String

    /// Starts it with outputs appended to the file and no input.
    ///
    /// Its own session keeps a terminal's Ctrl-C from it; an empty signal mask lets it hear SIGTERM, which
    /// Swift's threads may have blocked; no other descriptor reaches it.
    func start(output: Int32, input: Int32? = nil) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        for descriptor in Self.inheritable { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(Self.newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        let command = ["/usr/bin/env", "-C", folder] + command
        let status = withCStrings(command) { arguments in
            withCStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) {
                posix_spawn(&pid, command[0], &actions, &attributes, arguments, $0)
            }
        }
        guard status == 0 else {
            throw ClusterFailure("\(command[0]) cannot be started: \(String(cString: strerror(status)))")
        }
        return pid
    }

    /// POSIX_SPAWN_SETSID, which not every overlay of the C library shows.
    private static let newSession: Int32 = 0x80

    /// Descriptors above the standard ones that a child would get.
    private static var inheritable: [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }.filter { $0 > 2 && fcntl($0, F_GETFD) & FD_CLOEXEC == 0 }
    }

    private func withCStrings<Result>(
        _ words: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}

extension ChildProgram {
    /// What every program gets, and no more: no password, proxy or library path of who starts it.
    static func plainEnvironment(home: String) -> [String: String] {
        [
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
            "HOME": home, "TZ": "UTC",
        ]
    }

    /// Runs it to its end; what it wrote. Throws unless it ends with 0, and kills it at the deadline or when
    /// cancelled.
    func run(input: String = "", deadline: Duration = .seconds(60)) async throws -> String {
        let (output, inlet) = (try ScratchFile(), try ScratchFile(input))
        let pid = try start(output: output.descriptor, input: inlet.descriptor)
        let end = ContinuousClock.now + deadline
        var status: Int32 = 0
        var pause = Duration.milliseconds(1)
        while waitpid(pid, &status, WNOHANG) == 0 {
            let isLate = ContinuousClock.now >= end
            if isLate || Task.isCancelled {
                kill(pid, SIGKILL)
                waitpid(pid, &status, 0)
                try Task.checkCancellation()
                throw ClusterFailure("\(command[0]) took longer than \(deadline): \(output.text.suffix(600))")
            }
            // Cancellation is seen at the head of the loop, where the child is dealt with.
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(20))
        }
        guard status == 0 else {
            let program = command.first { !$0.hasPrefix("-") && !$0.hasSuffix("/setpriv") } ?? command[0]
            let reason =
                status & 0x7F == 0 ? "ended with \(status >> 8)" : "was ended by signal \(status & 0x7F)"
            throw ClusterFailure(
                "\((program as NSString).lastPathComponent) \(reason): \(output.text.suffix(1000))")
        }
        return output.text
    }
}

/// A nameless file: what a program says, or is told, without a pipe that somebody must drain.
private final class ScratchFile: Sendable {
    let descriptor: Int32

    init(_ content: String = "") throws {
        var path = Array((NSTemporaryDirectory() + "/cluster-XXXXXX").utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else {
            throw ClusterFailure("There is no place for a temporary file in \(NSTemporaryDirectory()).")
        }
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let bytes = Array(content.utf8)
        guard bytes.isEmpty || write(descriptor, bytes, bytes.count) == bytes.count else {
            throw ClusterFailure("A temporary file cannot be written.")
        }
        lseek(descriptor, 0, SEEK_SET)
    }

    deinit { close(descriptor) }

    var text: String {
        var bytes = [UInt8](repeating: 0, count: max(0, Int(lseek(descriptor, 0, SEEK_END))))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
