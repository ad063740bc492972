import Kernel
import Relational

/// One body's transaction on one connection, on the thread that runs it. It begins with the first statement.
final class PostgresTransaction: SQLConnection {
    struct Frame {
        let isWrite: Bool
        let scope: SQLScope
        let home: TenantHome
        /// A replica that has not come this far does not begin.
        let atLeast: UInt64?
        let asksForMark: Bool
        let deadline: ContinuousClock.Instant
        /// Waits for other writes of the tenant that were run again, before it begins.
        let takesTurn: Bool
        let isAbandoned: @Sendable () -> Bool
    }

    private let connection: PostgresConnection
    private let frame: Frame
    private var home: TenantHome
    private(set) var hasBegun = false
    private(set) var statements = 0
    /// After it nothing but the end is possible, whatever the body makes of it.
    private(set) var error: (any Error)?
    /// The connection is lost or stuck, and what it did is unknown to the server or to us.
    private(set) var isBroken = false
    private(set) var hasSentCommit = false

    var dialect: SQLDialect { .postgres }

    init(_ connection: PostgresConnection, _ frame: Frame) {
        self.connection = connection
        self.frame = frame
        home = frame.home
    }

    func run(_ statement: SQLStatement) throws -> Int {
        let (text, values) = statement.rendered(home.form)
        return try exchange(text, values).changes
    }

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws {
        let (text, values) = statement.rendered(home.form)
        let result = try exchange(text, values)
        for index in 0..<result.count { try row(PostgresRow(result: result, row: index)) }
    }

    func script(_ sql: String) throws {
        if !hasBegun { _ = try exchange(PostgresSQL.nothing, []) }
        try guarded { try connection.script(sql) }
    }

    func enter(_ tenant: TenantID) throws {
        if frame.scope == .tenant(tenant) {
            home = frame.home
        } else {
            let found = try exchange(PostgresSQL.isolation, [tenant.sqlValue])
            let isolation = found.count > 0 ? PostgresRow(result: found, row: 0).text(0) : ""
            home = TenantHome(tenant, TenantPlacement.Isolation(rawValue: isolation) ?? .shared)
        }
        _ = try exchange(PostgresSQL.setTenant, [tenant.sqlValue])
    }

    func place(_ tenant: TenantID, _ isolation: TenantPlacement.Isolation) throws {
        guard isolation != .database else {
            throw Failure(
                .invalid, "isolation_unsupported", "A tenant cannot have a database of its own here.")
        }
        home = TenantHome(tenant, isolation)
        if isolation == .schema { _ = try exchange(PostgresSQL.provision, [tenant.sqlValue]) }
    }

    /// Literal SQL with its rows as text.
    func rows(_ sql: String) throws -> [[String?]] {
        let result = try exchange(try PostgresConnection.Command(sql, asText: true, isPrepared: false))
        return (0..<result.count).map(result.texts)
    }

    /// The first row of one of the engine's own statements, if it has any.
    func ask(_ text: String, _ values: [SQLValue] = []) throws -> PostgresRow {
        PostgresRow(result: try exchange(text, values), row: 0)
    }

    private func exchange(_ text: String, _ values: [SQLValue]) throws -> PostgresResult {
        try exchange(try PostgresConnection.Command(text, values))
    }

    /// One round trip, which also begins the transaction where that is due.
    private func exchange(_ command: PostgresConnection.Command) throws -> PostgresResult {
        try guarded {
            if frame.isAbandoned() { throw PostgresError(.cancelled, message: "abandoned") }
            var parts: [[PostgresConnection.Command]] = []
            if !hasBegun {
                if frame.atLeast != nil { parts.append([try Self.question()]) }
                if let turn = try turn() { parts.append([turn]) }
                parts.append(try opening())
                hasBegun = true
            } else {
                parts.append([])
            }
            parts[parts.count - 1].append(command)
            let answers = try send(parts)
            if answers.count > 1, let atLeast = frame.atLeast { try check(answers[0], atLeast: atLeast) }
            statements += 1
            let last = try Self.results(answers[answers.count - 1])
            guard let result = last.last else { throw PostgresError(.connectionLost, message: "no answer") }
            return result
        }
    }

    private func guarded<Value>(_ body: () throws -> Value) throws -> Value {
        if let error { throw error }
        do { return try body() } catch {
            self.error = error
            throw error
        }
    }

    private func send(_ parts: [[PostgresConnection.Command]]) throws -> [[PostgresConnection.Event]] {
        do {
            return try connection.exchange(parts, until: frame.deadline)
        } catch {
            isBroken = true
            throw error
        }
    }

    private func opening() throws -> [PostgresConnection.Command] {
        switch frame.scope {
        case .tenant(let tenant):
            [
                try .init(frame.isWrite ? PostgresSQL.beginSerial : PostgresSQL.beginSnapshot),
                try .init(PostgresSQL.setTenant, [tenant.sqlValue]),
            ]
        case .system:
            [try .init(frame.isWrite ? PostgresSQL.begin : PostgresSQL.beginSnapshot)]
        case .allTenants:
            [
                try .init(frame.isWrite ? PostgresSQL.begin : PostgresSQL.beginSnapshot),
                try .init(PostgresSQL.assumeAllTenants),
            ]
        }
    }

    private func turn() throws -> PostgresConnection.Command? {
        guard frame.takesTurn, case .tenant(let tenant) = frame.scope else { return nil }
        return try .init(PostgresSQL.takeTurn, [tenant.sqlValue])
    }

    private func turnEnd() throws -> [[PostgresConnection.Command]] {
        frame.takesTurn ? [[try .init(PostgresSQL.endTurn)]] : []
    }

    private static func question() throws -> PostgresConnection.Command {
        try PostgresConnection.Command(ReplicaMark.question, asText: true)
    }

    private func check(_ answers: [PostgresConnection.Event], atLeast: UInt64) throws {
        guard let answer = try Self.results(answers).first, let mark = ReplicaMark(answer.texts(0)) else {
            throw PostgresError(.connectionLost, message: "the server did not tell its position")
        }
        guard mark.position >= atLeast else {
            throw PostgresError(.behind, message: "at \(mark.position), not \(atLeast)", mark: mark)
        }
    }

    /// The answers of one part, all of which succeeded; else its error.
    private static func results(_ events: [PostgresConnection.Event]) throws -> [PostgresResult] {
        try events.compactMap { event in
            switch event {
            case .answer(let result): result
            case .failed(let error): throw error
            case .aborted: throw PostgresError(.statement, message: "aborted")
            case .synced: nil
            }
        }
    }
}

extension PostgresTransaction {
    /// Commits what was begun, and tells where it stands in the server's history, if that was asked for.
    ///
    /// A commit that is answered with a warning was not taken by the standby that it waits for: whether it survives
    /// this server is unknown.
    func commit() throws -> ReplicaMark? {
        if let error { throw error }
        guard hasBegun else { return nil }
        let warnings = connection.warnings
        var part = [try PostgresConnection.Command(PostgresSQL.commit)]
        if frame.asksForMark {
            let question = try Self.question()
            // Of a read it must tell of its own snapshot.
            part.insert(question, at: frame.isWrite ? 1 : 0)
        }
        hasSentCommit = frame.isWrite
        let answers = try send([part] + turnEnd())[0]
        if frame.isWrite, connection.warnings > warnings {
            throw PostgresError(.outcomeUnknown, message: "committed without the standby")
        }
        let results = try Self.results(answers)
        hasSentCommit = false
        guard results.contains(where: { $0.tag == "COMMIT" }) else {
            throw PostgresError(.statement, message: "the transaction had failed")
        }
        guard frame.asksForMark else { return nil }
        return results.lazy.compactMap { $0.count == 1 ? ReplicaMark($0.texts(0)) : nil }.first
    }

    /// Undoes what was begun and not committed; false if the connection is of no more use.
    func rollBack() -> Bool {
        guard !isBroken else { return false }
        guard hasBegun else { return true }
        do {
            // A request to cancel may come late and hit the first of these; then the second does it.
            for _ in 0..<2 {
                let events = try connection.exchange(
                    [[try .init(PostgresSQL.rollback)]] + turnEnd(), until: .now + Self.rollBackPatience)[0]
                if case .answer = events.first { return true }
            }
            return false
        } catch {
            return false
        }
    }

    private static let rollBackPatience = Duration.seconds(1)
}
