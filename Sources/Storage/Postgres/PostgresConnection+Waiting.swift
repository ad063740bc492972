import Foundation
import Kernel

/// For threads that may block: each call ends by its deadline. After a thrown error the connection is of no more use.
extension PostgresConnection {
    static func open(
        _ parameters: [String: String], statements: Int, until deadline: ContinuousClock.Instant
    ) throws -> PostgresConnection {
        let connection = try PostgresConnection(parameters, statements: statements)
        var progress = Progress.writes
        try connection.connect(&progress, until: deadline)
        return connection
    }

    /// Goes on from `progress` until it is ready. By the deadline `timeout`, and then it may be gone on with.
    func connect(_ progress: inout Progress, until deadline: ContinuousClock.Instant) throws {
        while progress != .ready {
            try wait(for: progress == .reads ? POLLIN : POLLOUT, until: deadline)
            progress = try advance()
        }
    }

    /// Sends implicit transactions and returns the answers to each of their commands.
    func exchange(_ parts: [[Command]], until deadline: ContinuousClock.Instant) throws -> [[Event]] {
        for part in parts {
            for command in part { try add(command) }
            try sync()
        }
        var answers: [[Event]] = [[]]
        while true {
            let isSent = try flush()
            while let event = try next() {
                if case .synced = event {
                    if answers.count == parts.count { return answers }
                    answers.append([])
                } else {
                    answers[answers.count - 1].append(event)
                }
            }
            try wait(for: isSent ? POLLIN : POLLIN | POLLOUT, until: deadline)
            try consume()
        }
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws {
        var watched = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            // Looked at also behind the deadline: this thread may have stood still, and the answer been there for long.
            let remaining = max(0, (deadline - .now).inMilliseconds)
            let ready = poll(&watched, 1, Int32(clamping: remaining))
            if ready > 0 { return }
            if ready < 0 && errno != EINTR {
                throw PostgresError(.connectionLost, message: "poll failed with \(errno)")
            }
            guard remaining > 0 else { throw PostgresError(.timeout, message: "no answer by the deadline") }
        }
    }
}
