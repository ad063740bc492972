import Foundation

/// Counts instructions of a process that runs under valgrind, from one moment to another.
struct InstructionCounter: Sendable {
    let folder: URL

    /// What valgrind 3.19 stumbles over: that of the main thread of a Swift program, whose mask lies in memory that
    /// cannot be written.
    private static let wait = """
        #include <signal.h>
        #include <unistd.h>
        int sigsuspend(const sigset_t *mask) { (void)mask; return pause(); }
        """

    /// What runs a program so that it can be counted.
    func wrapper() async throws -> [String] {
        let (source, library) = (folder.appending(path: "wait.c"), folder.appending(path: "wait.so"))
        try Self.wait.write(to: source, atomically: true, encoding: .utf8)
        try await run("cc", "-shared", "-fPIC", "-o", library.plainPath, source.plainPath)
        return [
            "/usr/bin/env", "LD_PRELOAD=\(library.plainPath)", "valgrind", "--tool=callgrind",
            "--fair-sched=yes", "--callgrind-out-file=\(folder.appending(path: "counts").plainPath)",
        ]
    }

    /// The program without what debuggers read, which valgrind cannot.
    func bare(_ program: URL) async throws -> URL {
        let copy = folder.appending(path: program.lastPathComponent)
        try await run("strip", "--strip-debug", "-o", copy.plainPath, program.plainPath)
        return copy
    }

    func begin(_ process: Int32) async throws { try await control("--zero", process) }

    /// Instructions since it began.
    func end(_ process: Int32) async throws -> Double {
        try await control("--dump", process)
        let dumps = try FileManager.default.contentsOfDirectory(atPath: folder.plainPath)
            .filter { $0.hasPrefix("counts.") }
        defer {
            // What stays goes with the folder.
            for dump in dumps { try? FileManager.default.removeItem(at: folder.appending(path: dump)) }
        }
        guard dumps.count == 1 else { throw RunFailure("valgrind told \(dumps.count) counts") }
        return try Self.total(String(contentsOf: folder.appending(path: dumps[0]), encoding: .utf8))
    }

    static func total(_ dump: String) throws -> Double {
        guard let line = dump.firstMatch(of: /(?m)^totals: (\d+)/), let count = Double(line.1) else {
            throw RunFailure("valgrind told no total: \(dump.prefix(300))")
        }
        return count
    }

    private func control(_ command: String, _ process: Int32) async throws {
        try await run("callgrind_control", command, "\(process)")
    }

    private func run(_ words: String...) async throws {
        try await Program(executable: "/usr/bin/env", arguments: words, folder: folder).run()
    }
}
