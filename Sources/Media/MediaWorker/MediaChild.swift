import CConfinement
import Foundation
import LibAV
import Videos

/// The worker process: one request on standard input, lines of JSON on standard output.
package enum MediaChild {
    /// Does the whole work of the process and gives its exit status. Call it before any thread is started.
    ///
    /// 0: a result or a failure was told. 2: the request was not understood. 3: confinement below the
    /// minimum.
    package static func run() -> Int32 {
        confinement_close_descriptors()
        guard let line = readRequest(),
            // The status tells enough.
            let request = try? JSONDecoder().decode(WorkerRequest.self, from: line)
        else { return 2 }
        let report = Confinement.enter(request.limits, source: request.source, directory: request.directory)
        let output = ReplyStream()
        do {
            try output.send(.confinement(report))
            guard report.level >= request.minimumConfinement else { return 3 }
            watchParent()
            try output.send(result(of: request.job, output))
        } catch {
            return 1  // Nobody reads any more.
        }
        return 0
    }

    private static func result(of job: WorkerRequest.Job, _ output: ReplyStream) -> WorkerReply {
        do {
            switch job {
            case .probe(let source):
                return .properties(try Probe.properties(of: source))
            case .transcode(let request):
                return .summary(try Transcode.run(request) { try output.send(.step($0)) })
            case .selfTest(let test):
                return try test.run(output.send)
            }
        } catch {
            return .failure(MediaFailure.from(error))
        }
    }

    /// Byte by byte, so that nothing behind the line is taken.
    private static func readRequest() -> Data? {
        var line = Data()
        var byte: UInt8 = 0
        while line.count <= WorkerLine.limit {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return line }
            line.append(byte)
        }
        return nil
    }

    /// Standard input ends when the parent does, on systems too that do not tell a child of its parent's
    /// death.
    private static func watchParent() {
        let thread = Thread {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count == 0 || (count < 0 && errno != EINTR) { _exit(1) }
            }
        }
        thread.name = "parent watch"
        thread.start()
    }
}

/// Writes replies as whole lines, one at a time. Blocks while the parent does not read: that is the back
/// pressure.
private final class ReplyStream: Sendable {
    private let lock = NSLock()

    func send(_ reply: WorkerReply) throws {
        var line = try JSONEncoder().encode(reply)
        line.append(UInt8(ascii: "\n"))
        try lock.withLock {
            try FileHandle.standardOutput.write(contentsOf: line)
        }
    }
}

enum WorkerLine {
    /// Bytes of a request or reply at most.
    static let limit = 64 << 10
}
