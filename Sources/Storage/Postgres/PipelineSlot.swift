import Foundation
import Kernel

/// One connection of the pipeline, from being opened to being lost, on the pipeline's thread.
struct PipelineSlot {
    enum Expected {
        case leading, trailing
        case statement(Int)
    }

    private enum Phase {
        case down
        case connecting(PostgresConnection, wantsWrite: Bool, until: ContinuousClock.Instant)
        case up(PostgresConnection)
    }

    private var phase = Phase.down
    /// Answers to come, in order; the end of each transaction comes behind its last.
    private var expected = Fifo<Expected>()
    private var hasUnsent = false
    /// What the server told before and behind the statements of the transaction that is coming in.
    private(set) var leading: ReplicaMark?
    private(set) var trailing: ReplicaMark?

    mutating func connect(_ parameters: [String: String], _ settings: PostgresSettings) throws {
        let connection = try PostgresConnection(parameters, statements: settings.preparedStatements)
        phase = .connecting(connection, wantsWrite: true, until: .now + settings.connectDeadline)
    }

    /// Forgets the connection, which closes it.
    mutating func drop() { self = PipelineSlot() }

    /// Nil while there is nothing to watch.
    var watched: pollfd? {
        switch phase {
        case .down: nil
        case .connecting(let connection, let wantsWrite, _):
            pollfd(fd: connection.descriptor, events: Int16(wantsWrite ? POLLOUT : POLLIN), revents: 0)
        case .up(let connection):
            pollfd(
                fd: connection.descriptor, events: Int16(hasUnsent ? POLLIN | POLLOUT : POLLIN), revents: 0)
        }
    }

    var isConnecting: Bool { if case .connecting = phase { true } else { false } }

    /// Goes on connecting, if its socket is `ready`; true once it can be sent to. Throws when that fails or lasts.
    mutating func advance(ready: Bool, at now: ContinuousClock.Instant) throws -> Bool {
        guard case .connecting(let connection, _, let until) = phase else { return false }
        guard now < until else { throw PostgresError(.connectionLost, message: "connecting took too long") }
        guard ready else { return false }
        switch try connection.advance() {
        case .ready:
            phase = .up(connection)
            return true
        case let progress:
            phase = .connecting(connection, wantsWrite: progress == .writes, until: until)
            return false
        }
    }

    /// Sends transactions, each between two questions if marks are asked for.
    mutating func send(_ parts: [[(Int, PostgresConnection.Command)]], asksForMarks: Bool) throws {
        guard case .up(let connection) = phase else { return }
        let question = try PostgresConnection.Command(ReplicaMark.question, asText: true)
        for part in parts {
            if asksForMarks {
                try connection.add(question)
                expected.append(.leading)
            }
            for (number, command) in part {
                try connection.add(command)
                expected.append(.statement(number))
            }
            if asksForMarks {
                try connection.add(question)
                expected.append(.trailing)
            }
            try connection.sync()
        }
        hasUnsent = try !connection.flush()
    }

    mutating func receive() throws {
        guard case .up(let connection) = phase else { return }
        try connection.consume()
        if hasUnsent { hasUnsent = try !connection.flush() }
    }

    /// The next answer to a statement, or the end of a transaction.
    mutating func next() throws -> (number: Int?, event: PostgresConnection.Event)? {
        guard case .up(let connection) = phase else { return nil }
        while let event = try connection.next() {
            if case .synced = event { return (nil, event) }
            switch expected.popFirst() {
            case .statement(let number): return (number, event)
            case .leading: leading = Self.mark(event)
            case .trailing: trailing = Self.mark(event)
            case nil: throw PostgresError(.connectionLost, message: "unasked answer")
            }
        }
        return nil
    }

    private static func mark(_ event: PostgresConnection.Event) -> ReplicaMark? {
        guard case .answer(let result) = event, result.count == 1 else { return nil }
        return ReplicaMark(result.texts(0))
    }
}
