import CPostgres
import Foundation

/// The least that answers selects of many tasks over few connections: one thread over libpq, which gives a connection
/// all that waits as soon as the batch before has come back whole. It knows no deadline, cancellation, tenant or rows:
/// what it loses to `pgbench` is what tasks cost and the thread that wakes them, and what the driver loses to it is the
/// driver's.
///
/// For one thread.
final class BareSelects: BareClient {
    /// The balance of an account.
    typealias Inbox = BareInbox<Int, Int>

    private static let mostAtOnce = 64

    private let inbox: Inbox
    private let connections: [BareConnection]
    private var watch: BareWatch
    private var backlog: [Inbox.Call] = []

    /// Connects, which blocks.
    init(url: String, connections count: Int, inbox: Inbox) throws {
        self.inbox = inbox
        connections = try (0..<count).map { _ in try BareConnection(url: url) }
        watch = BareWatch(sockets: connections.map(\.descriptor), inbox: inbox.descriptor)
    }

    func turn() throws -> Bool {
        for (place, connection) in connections.enumerated() {
            watch.listen(to: place, hasUnsent: connection.hasUnsent)
        }
        try watch.sleep(isOwed: connections.contains { !$0.isIdle })
        for (place, connection) in connections.enumerated() {
            if watch.canRead(place) { try connection.receive() }
            if connection.hasUnsent { try connection.flush() }
        }
        if watch.isAsked, !inbox.take(into: &backlog) { return false }
        try send()
        return true
    }

    /// Shares what waits out among the connections that are free.
    private func send() throws {
        var free = connections.count(where: \.isIdle)
        for connection in connections where connection.isIdle && !backlog.isEmpty {
            try connection.send(min(Self.mostAtOnce, (backlog.count + free - 1) / free), of: &backlog)
            free -= 1
        }
    }

    func abandon(_ reason: any Error) {
        for connection in connections { connection.abandon(reason) }
        for call in backlog { call.continuation.resume(throwing: reason) }
        backlog = []
    }
}

/// A connection in pipeline mode with at most one batch under way. For one thread.
private final class BareConnection {
    typealias Call = BareSelects.Inbox.Call

    private static let statement = "balance"
    private static let text = "SELECT abalance FROM pgbench_accounts WHERE aid = $1"
    private static let binary: Int32 = 1

    private let handle: OpaquePointer
    /// The batch under way, and as many of its answers as have come.
    private var calls: [Call] = []
    private var balances: [Int] = []
    private var isBetweenAnswers = true
    private(set) var hasUnsent = false

    init(url: String) throws {
        // No encryption by Kerberos, as with the driver: libpq would try it first.
        guard let handle = PQconnectdb(url + "?gssencmode=disable&connect_timeout=10") else {
            throw RunFailure("no memory for a connection")
        }
        self.handle = handle
        guard PQstatus(handle) == CONNECTION_OK else { throw failure() }
        let prepared = PQprepare(handle, Self.statement, Self.text, 0, nil)
        defer { PQclear(prepared) }
        guard PQresultStatus(prepared) == PGRES_COMMAND_OK, PQsetnonblocking(handle, 1) == 0,
            PQenterPipelineMode(handle) == 1
        else { throw failure() }
    }

    deinit { PQfinish(handle) }

    var descriptor: Int32 { PQsocket(handle) }
    var isIdle: Bool { calls.isEmpty }

    /// Moves that many calls from the front of `backlog` into a batch.
    func send(_ count: Int, of backlog: inout [Call]) throws {
        calls += backlog.prefix(count)
        backlog.removeFirst(count)
        for call in calls { try add(call.question) }
        guard PQpipelineSync(handle) == 1 else { throw failure() }
        try flush()
    }

    private func add(_ account: Int) throws {
        let sent = String(account).withCString { text in
            var value: UnsafePointer<CChar>? = text
            return PQsendQueryPrepared(handle, Self.statement, 1, &value, nil, nil, Self.binary)
        }
        guard sent == 1 else { throw failure() }
    }

    func flush() throws {
        let rest = PQflush(handle)
        guard rest >= 0 else { throw failure() }
        hasUnsent = rest == 1
    }

    /// Takes in what has come; at the end of the batch its callers go on.
    func receive() throws {
        guard PQconsumeInput(handle) == 1 else { throw failure() }
        while PQisBusy(handle) == 0 {
            guard let result = PQgetResult(handle) else {
                // One nil ends an answer; another means that there is nothing yet.
                if isBetweenAnswers { return }
                isBetweenAnswers = true
                continue
            }
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_PIPELINE_SYNC {
                try endBatch()
            } else {
                isBetweenAnswers = false
                balances.append(try Self.balance(result))
            }
        }
    }

    private func endBatch() throws {
        guard balances.count == calls.count else {
            throw RunFailure("\(calls.count) selects got \(balances.count) answers")
        }
        for (call, balance) in zip(calls, balances) { call.continuation.resume(returning: balance) }
        calls.removeAll(keepingCapacity: true)
        balances.removeAll(keepingCapacity: true)
    }

    private static func balance(_ result: OpaquePointer) throws -> Int {
        guard PQresultStatus(result) == PGRES_TUPLES_OK, PQntuples(result) == 1,
            PQgetlength(result, 0, 0) == MemoryLayout<Int32>.size, let value = PQgetvalue(result, 0, 0)
        else {
            let reason = String(cString: PQresultErrorMessage(result))
            throw RunFailure("a select was not answered by one number: \(reason)")
        }
        return Int(Int32(bigEndian: UnsafeRawPointer(value).loadUnaligned(as: Int32.self)))
    }

    func abandon(_ reason: any Error) {
        for call in calls { call.continuation.resume(throwing: reason) }
        calls = []
    }

    private func failure() -> RunFailure { RunFailure("libpq: \(String(cString: PQerrorMessage(handle)))") }
}
