import Foundation

/// The parent's ends of a worker's three pipes, which `close` closes; used by one thread.
struct ChildPipes {
    private let input: Int32
    private let output: Int32
    private let errorOutput: Int32
    private var pending = Data()
    private var errors = Data()

    private static let keptDiagnostics = 4 << 10

    init(input: Int32, output: Int32, errors: Int32) {
        self.input = input
        self.output = output
        errorOutput = errors
    }

    /// Errors are left to what follows: a worker that does not read has died or will stall.
    func send(_ input: Data) {
        let line = [UInt8](input) + [UInt8(ascii: "\n")]
        var sent = 0
        while sent < line.count {
            let count = line[sent...].withUnsafeBytes { write(self.input, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
    }

    func close() {
        for descriptor in [input, output, errorOutput] { Foundation.close(descriptor) }
    }

    /// Control characters replaced: a hostile file has a say in it.
    var diagnostics: String {
        String(decoding: errors, as: UTF8.self).map { character in
            character == "\n" || (character.unicodeScalars.first?.value ?? 0) >= 32 ? character : "?"
        }.reduce(into: "") { $0.append($1) }
    }

    /// Gives each line until the worker closes its output; else why it must be stopped.
    mutating func read(_ watch: ChildWatch, line: (Data) -> Void) -> ChildProcess.Stop? {
        var watch = watch
        var areErrorsOpen = true
        while true {
            let remaining = watch.remaining
            if remaining.reason == .deadline { return .deadline }
            var polled = [
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: areErrorsOpen ? errorOutput : -1, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polled, 2, remaining.milliseconds)
            if count < 0, errno == EINTR { continue }
            if count > 0, polled[1].revents != 0 { areErrorsOpen = readErrors() }
            guard count > 0, polled[0].revents != 0 else {
                // Told only behind a look: it may be this side that stood still, while lines came.
                if let reason = remaining.reason { return reason }
                continue
            }
            guard let lines = readLines() else {
                return .violation("a line longer than \(WorkerLine.limit) bytes")
            }
            guard !lines.isEnd else {
                // Bounded too, from here: a child that only complains is no better than a silent one.
                watch.heard()
                while areErrorsOpen, watch.remaining.reason == nil, poll(&polled[1], 1, 100) > 0 {
                    areErrorsOpen = readErrors()
                }
                return nil
            }
            lines.complete.forEach(line)
            // Measured anew behind the lines: they wait while the receiver is busy.
            watch.heard()
        }
    }

    /// Nil when a line is too long.
    private mutating func readLines() -> (complete: [Data], isEnd: Bool)? {
        guard let bytes = readSome(output) else { return ([], true) }
        pending.append(contentsOf: bytes)
        var complete: [Data] = []
        while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
            complete.append(Data(pending[pending.startIndex..<end]))
            pending = Data(pending[(end + 1)...])
        }
        return pending.count > WorkerLine.limit ? nil : (complete, false)
    }

    private mutating func readErrors() -> Bool {
        guard let bytes = readSome(errorOutput) else { return false }
        errors.append(contentsOf: bytes)
        if errors.count > Self.keptDiagnostics { errors = Data(errors.suffix(Self.keptDiagnostics)) }
        return true
    }

    /// Nil at the end.
    private func readSome(_ descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(buffer[..<count]) : nil
        }
    }
}

/// Counts the time a worker has left.
struct ChildWatch {
    private let stall: Duration
    private let end: ContinuousClock.Instant
    private let now: @Sendable () -> ContinuousClock.Instant
    private var lastHeard: ContinuousClock.Instant

    init(
        stall: Duration, deadline: Duration,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.stall = stall
        self.now = now
        lastHeard = now()
        end = lastHeard + deadline
    }

    mutating func heard() { lastHeard = now() }

    /// Why time is up, or how long to wait at most.
    var remaining: (reason: ChildProcess.Stop?, milliseconds: Int32) {
        let now = now()
        if now >= end { return (.deadline, 0) }
        if now - lastHeard >= stall { return (.stalled, 0) }
        let left = min(end - now, stall - (now - lastHeard), .seconds(60))
        return (nil, Int32(left / .milliseconds(1)) + 1)
    }
}
