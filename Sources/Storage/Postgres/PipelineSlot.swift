import Foundation
import Kernel

/// One connection of the pipeline, while it is up.
struct PipelineSlot {
    enum Expected {
        case leading, trailing
        case statement(Int)
    }

    private let connection: PostgresConnection
    /// Answers to come, in order; the end of each transaction comes behind its last.
    private var expected = Fifo<Expected>()
    /// Something is still to be sent.
    private(set) var hasUnsent = false
    /// What the server told before and behind the statements of the transaction that is coming in.
    private(set) var leading: ReplicaMark?
    private(set) var trailing: ReplicaMark?
    /// Its socket is being watched.
    var isArmed = false

    private static let question = Result {
        try PostgresConnection.Command(ReplicaMark.question, asText: true)
    }

    init(_ connection: PostgresConnection) { self.connection = connection }

    var descriptor: Int32 { connection.descriptor }

    /// Sends transactions, each between two questions if marks are asked for.
    mutating func send(_ parts: [[Int]], of calls: CallTable, asksForMarks: Bool) throws {
        for part in parts {
            if asksForMarks {
                try connection.add(Self.question.get())
                expected.append(.leading)
            }
            for number in part {
                guard let call = calls[number] else { continue }
                try connection.add(call.command)
                expected.append(.statement(number))
            }
            if asksForMarks {
                try connection.add(Self.question.get())
                expected.append(.trailing)
            }
            try connection.sync()
        }
        hasUnsent = try !connection.flush()
    }

    mutating func receive() throws {
        try connection.consume()
        if hasUnsent { hasUnsent = try !connection.flush() }
    }

    /// The next answer to a statement, or the end of a transaction.
    mutating func next() throws -> (number: Int?, event: PostgresConnection.Event)? {
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
