import Foundation
import Testing

@testable import Cluster

@Suite struct ProcessTests {
    /// Runs `sleep` until the body ends.
    private func withSleeper(_ body: (ProcessIdentity) async throws -> Void) async throws {
        let program = ChildProgram(command: ["/bin/sleep", "60"], environment: [:], folder: "/")
        let identity = try #require(ProcessIdentity.of(try program.start(output: 2)))
        defer { identity.signal(SIGKILL) }
        try await body(identity)
    }

    @Test func `names with spaces and brackets do not shift the fields of stat`() {
        let fields = (3...22).map { $0 == 3 ? "S" : "\($0)" }.joined(separator: " ")
        let stat = ProcessStat("42 (a) b (c) \(fields) 23 24")
        #expect(stat?.name == "a) b (c")
        #expect(stat?.state == "S")
        #expect(stat?.parent == 4)
        #expect(stat?.startTicks == 22)
        #expect(ProcessStat("42 (cut off") == nil)
    }

    @Test func `a process that got the number of a dead one is never hit`() async throws {
        try await withSleeper { sleeper in
            let earlier = ProcessIdentity(
                pid: sleeper.pid, startTicks: sleeper.startTicks - 1, boot: sleeper.boot)
            #expect(!earlier.isAlive)
            #expect(!earlier.signal(SIGKILL))
            #expect(earlier.family.isEmpty)
            let lastBoot = ProcessIdentity(pid: sleeper.pid, startTicks: sleeper.startTicks, boot: "another")
            #expect(!lastBoot.signal(SIGKILL))
            #expect(sleeper.isAlive)
        }
    }

    @Test func `a killed child is collected, and known to be gone`() async throws {
        try await withSleeper { sleeper in
            #expect(sleeper.signal(SIGKILL))
            let isGone = try await sleeper.waitForEnd(.seconds(5))
            #expect(isGone)
            #expect(ProcessStat.read(sleeper.pid) == nil)
        }
    }

    @Test func `a child leads a session of its own and hears all signals`() async throws {
        let environment = ChildProgram.plainEnvironment(home: "/")
        let stat = ChildProgram(
            command: ["/usr/bin/cut", "-d", " ", "-f", "1,6", "/proc/self/stat"], environment: environment,
            folder: "/")
        let numbers = try await stat.run().split(whereSeparator: \.isWhitespace)
        #expect(numbers[0] == numbers[1])
        let status = ChildProgram(
            command: ["/usr/bin/grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"], environment: environment,
            folder: "/")
        for line in try await status.run().split(separator: "\n") {
            // The C library keeps two signals beyond these for itself.
            let mask = try #require(UInt64(line.suffix(16), radix: 16))
            #expect(mask & 0x7FFF_FFFF == 0, "\(line)")
        }
    }

    @Test func `nothing of the parent reaches a child but what it is given`() async throws {
        let program = ChildProgram(
            command: [
                "/bin/sh", "-c", "env | grep -v -E '^(PWD|_|SHLVL|OLDPWD)='; ls /proc/self/fd | wc -l",
            ],
            environment: ["PATH": "/usr/bin:/bin", "A": "b c"], folder: "/tmp")
        // Three, and the one that ls reads the folder with.
        #expect(
            try await program.run().split(separator: "\n").map(String.init).sorted() == [
                "4", "A=b c", "PATH=/usr/bin:/bin",
            ])
    }

    @Test func `a tool's failure tells its name, status and words`() async throws {
        let program = ChildProgram(
            command: ["/bin/sh", "-c", "cat; exit 3"], environment: ["PATH": "/bin"], folder: "/")
        let failure = try await #require(throws: ClusterFailure.self) {
            try await program.run(input: "so it goes")
        }
        #expect(failure.description == "sh ended with 3: so it goes")
    }

    @Test func `a tool that takes too long is ended`() async throws {
        let program = ChildProgram(command: ["/bin/sleep", "60"], environment: [:], folder: "/")
        let begin = ContinuousClock.now
        await #expect(throws: ClusterFailure.self) { try await program.run(deadline: .milliseconds(50)) }
        #expect(ContinuousClock.now - begin < .seconds(5))
    }
}
