import CPostgres
import Foundation
import Kernel
import Relational

/// Owns one connection of libpq, always in pipeline mode; used by one thread at a time.
///
/// Commands are put in, then a `sync`: everything between two of these is one implicit transaction, unless it begins
/// a real one. Answers come out in the same order.
final class PostgresConnection {
    struct Command: Sendable {
        let text: String
        let values: [SQLValue]
        /// Answered as text rather than in binary form.
        let asText: Bool
        /// Kept prepared; not worth it for what is sent once.
        let isPrepared: Bool

        /// `invalid` if a value cannot be sent.
        init(_ text: String, _ values: [SQLValue] = [], asText: Bool = false, isPrepared: Bool = true) throws
        {
            try ParameterBuffer.check(values)
            self.text = text
            self.values = values
            self.asText = asText
            self.isPrepared = isPrepared
        }
    }

    enum Event {
        case answer(PostgresResult)
        case failed(PostgresError)
        /// Not done, because something before it in the same implicit transaction failed.
        case aborted
        case synced
    }

    enum Progress {
        case reads, writes, ready
    }

    private enum Expected {
        case prepared(String)
        case forgotten
        case answer
    }

    private static let binary: Int32 = 1

    private let handle: OpaquePointer
    private var statements: PreparedStatements
    private var expected = Fifo<Expected>()
    private var parameters = ParameterBuffer()
    /// The statement that follows could not be prepared.
    private var preparingFailed: PostgresError?
    private var isBetweenAnswers = true
    private let notices = NoticeBox()

    /// Once in a process, before its first connection.
    private static let libraryIsReady: Void = cloudstream_keep_openssl_at_exit()

    /// Begins to connect; `advance` goes on with it.
    init(_ parameters: [String: String], statements capacity: Int) throws {
        Self.libraryIsReady
        let keywords = Array(parameters.keys)
        let handle = Self.withCStrings(keywords) { names in
            Self.withCStrings(keywords.map { parameters[$0] ?? "" }) { PQconnectStartParams(names, $0, 0) }
        }
        guard let handle else { throw PostgresError(.connectionLost, message: "out of memory") }
        self.handle = handle
        statements = PreparedStatements(capacity: capacity)
        guard PQstatus(handle) != CONNECTION_BAD else { throw lost() }
        PQsetNoticeReceiver(
            handle,
            { context, _ in
                context.map { Unmanaged<NoticeBox>.fromOpaque($0).takeUnretainedValue().count += 1 }
            },
            Unmanaged.passUnretained(notices).toOpaque())
    }

    deinit { PQfinish(handle) }

    /// To be watched while it connects or works; may change while it connects.
    var descriptor: Int32 { PQsocket(handle) }

    /// Warnings so far.
    var warnings: Int { notices.count }

    /// Something to cancel its statements with, which lives on its own.
    func cancellation() -> Cancellation? { PQgetCancel(handle).map { Cancellation($0) } }

    /// Goes on connecting, now that its socket can be read or written as the last `Progress` asked.
    func advance() throws -> Progress {
        switch PQconnectPoll(handle) {
        case PGRES_POLLING_READING: return .reads
        case PGRES_POLLING_WRITING: return .writes
        case PGRES_POLLING_OK:
            guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw lost() }
            return .ready
        default: throw lost()
        }
    }

    /// Puts a command in.
    func add(_ command: Command) throws {
        parameters.fill(command.values)
        let format = command.asText ? 0 : Self.binary
        guard command.isPrepared else {
            let sent = parameters.withPointers { count, values, lengths, formats in
                PQsendQueryParams(handle, command.text, count, nil, values, lengths, formats, format)
            }
            guard sent == 1 else { throw lost() }
            return expected.append(.answer)
        }
        let name = try prepared(command.text)
        let sent = parameters.withPointers { count, values, lengths, formats in
            PQsendQueryPrepared(handle, name, count, values, lengths, formats, format)
        }
        guard sent == 1 else { throw lost() }
        expected.append(.answer)
    }

    private func prepared(_ text: String) throws -> String {
        switch statements.use(text) {
        case .prepared(let name): return name
        case .new(let name, let evicted):
            if let evicted {
                guard PQsendQueryParams(handle, "DEALLOCATE \(evicted)", 0, nil, nil, nil, nil, 0) == 1 else {
                    throw lost()
                }
                expected.append(.forgotten)
            }
            guard PQsendPrepare(handle, name, text, 0, nil) == 1 else { throw lost() }
            expected.append(.prepared(text))
            return name
        }
    }

    /// Ends an implicit transaction, and sends what was put in as far as the socket takes it.
    func sync() throws {
        guard PQpipelineSync(handle) == 1 else { throw lost() }
    }

    /// True once all is sent.
    func flush() throws -> Bool {
        switch PQflush(handle) {
        case 0: true
        case 1: false
        default: throw lost()
        }
    }

    /// Takes in what has arrived.
    func consume() throws {
        guard PQconsumeInput(handle) == 1 else { throw lost() }
    }

    /// The next event of what has arrived; nil if more must arrive first.
    func next() throws -> Event? {
        while PQisBusy(handle) == 0 {
            guard let pointer = PQgetResult(handle) else {
                // One nil ends the answers to a command; another means that there is nothing yet.
                if isBetweenAnswers { break }
                isBetweenAnswers = true
                continue
            }
            let result = PostgresResult(pointer)
            if result.status == PGRES_PIPELINE_SYNC { return .synced }
            isBetweenAnswers = false
            if let event = try event(result) { return event }
        }
        guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
        return nil
    }

    /// Nil where nobody waits for it.
    private func event(_ result: PostgresResult) throws -> Event? {
        guard let what = expected.popFirst() else {
            throw PostgresError(.connectionLost, message: "unasked answer")
        }
        let error = Self.failures.contains(result.status) ? result.error : nil
        if let error, error.kind == .connectionLost { throw error }
        let isAborted = result.status == PGRES_PIPELINE_ABORTED
        switch what {
        case .forgotten: return nil
        case .prepared(let text):
            if error != nil || isAborted { statements.forget(text) }
            preparingFailed = error
            return nil
        case .answer:
            defer { preparingFailed = nil }
            if let failed = error ?? preparingFailed { return .failed(failed) }
            return isAborted ? .aborted : .answer(result)
        }
    }

    private static let failures = [PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR]

    private func lost() -> PostgresError {
        let message = String(cString: PQerrorMessage(handle)).trimmingCharacters(in: .whitespacesAndNewlines)
        return PostgresError(.connectionLost, message: message)
    }

    private static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { UnsafePointer($0) } + [nil]
        return body(pointers)
    }
}

extension PostgresConnection {
    /// Runs statements without parameters, outside of pipeline mode and while nothing else is under way.
    func script(_ sql: String) throws {
        guard PQexitPipelineMode(handle) == 1 else { throw lost() }
        // Blocks without a deadline of its own: for migrations, which the server's own deadline ends.
        guard let pointer = PQexec(handle, sql) else { throw lost() }
        let result = PostgresResult(pointer)
        guard PQenterPipelineMode(handle) == 1 else { throw lost() }
        if Self.failures.contains(result.status) { throw result.error }
    }
}

/// Counts what the server tells beside its answers; a class, so that C can point at it.
private final class NoticeBox {
    var count = 0
}

/// Owns what libpq needs to ask a server to stop a statement.
///
/// Unchecked because libpq only reads it: a request opens a connection of its own.
final class Cancellation: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQfreeCancel(handle) }

    /// Asks the server; waits for it, for ever if the server is stuck.
    func request() {
        var message = [CChar](repeating: 0, count: 256)
        // A request that fails changes nothing: the statement runs into its deadline.
        _ = PQcancel(handle, &message, Int32(message.count))
    }
}
