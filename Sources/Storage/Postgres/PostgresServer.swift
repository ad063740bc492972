import Kernel
package import Relational
import Synchronization

/// One server: transactions over a pool of connections, single statements over a pipeline, and a probe beside both.
package final class PostgresServer: Sendable {
    package let address: ServerAddress
    private let settings: PostgresSettings
    private let placements: TenantPlacements
    private let pool: PostgresPool
    private let pipeline: PostgresPipeline
    /// Of one connection, so that asking how the server is waits for nobody.
    private let probing: PostgresPool
    private let habits = Mutex(ReadHabits())

    /// Connects when it is first used. `invalid` if the URL is none.
    package convenience init(
        address: ServerAddress, settings: PostgresSettings, placements: TenantPlacements
    ) throws {
        try self.init(address: address, settings: settings, placements: placements, purpose: .transactions)
    }

    init(
        address: ServerAddress, settings: PostgresSettings, placements: TenantPlacements,
        purpose: PostgresURL.Purpose
    ) throws {
        self.address = address
        self.settings = settings
        self.placements = placements
        let url = try PostgresURL(purpose == .schema ? settings.ownerURL ?? settings.url : settings.url)
        let transactions = url.parameters(for: address, purpose, settings)
        pool = PostgresPool(transactions, settings, name: "pg-pool")
        pipeline = try PostgresPipeline(
            url.parameters(for: address, .singleReads, settings), settings, name: "pg-pipeline")
        var one = settings
        one.connections = 1
        one.maximumQueue = 16
        one.reconnect = Backoff(first: .milliseconds(1), maximum: .milliseconds(1))
        probing = PostgresPool(transactions, one, name: "pg-probe")
    }

    package var load: ServerLoad {
        let (waiting, running) = pool.load
        return ServerLoad(waiting: waiting, running: running + pipeline.load)
    }

    /// Runs `body` against one consistent snapshot. With `atLeast`, fails as `behind` unless the server had come that
    /// far before the snapshot.
    package func read<Value: Sendable>(
        _ scope: SQLScope, atLeast: UInt64? = nil,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Positioned<Value> {
        let home = try await placements.home(of: scope)
        let reading = SingleReading()
        if scope != .allTenants {
            do {
                let value = try body(reading)
                if reading.isSettled { return Positioned(value) }
            } catch {
                if reading.isSettled { throw error }
            }
            if let call = try call(reading, scope, home, atLeast: atLeast) {
                try await pipeline.run(call)
                reading.replay(call.result)
                do {
                    let value = try body(reading)
                    if !reading.needsTransaction { return Positioned(value, call.mark) }
                } catch {
                    if !reading.needsTransaction { throw error }
                }
                habits.withLock { $0.noteMore(after: call.command.text) }
            }
        }
        var work = Work(isWrite: false, scope: scope, home: home, body: body)
        work.atLeast = atLeast
        return try await transact(work)
    }

    /// Runs `body` in one transaction, which is durable when this returns.
    package func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Positioned<Value> {
        try await transact(
            Work(isWrite: true, scope: scope, home: try await placements.home(of: scope), body: body))
    }

    /// Asks the server how it stands, over a connection that nothing else uses.
    func probe(within limit: Duration) async throws -> ReplicaMark {
        let deadline = ContinuousClock.now + limit
        return try await probing.run(until: deadline) { session, control in
            let (connection, _) = try session.opened(until: control.deadline)
            do {
                let question = try PostgresConnection.Command(ReplicaMark.probeQuestion, asText: true)
                let events = try connection.exchange([[question]], until: control.deadline)[0]
                guard case .answer(let result)? = events.first, let mark = ReplicaMark(result.texts(0)) else {
                    throw PostgresError(.connectionLost, message: "the server did not tell its position")
                }
                return mark
            } catch {
                session.drop()
                throw error
            }
        }
    }

    /// Gives up all connections, and cancels what runs over them.
    package func reset() {
        pool.reset()
        pipeline.reset()
        probing.reset()
    }

    package func close() async {
        await pipeline.close()
        await pool.close()
        await probing.close()
    }

    private func transact<Value>(_ work: Work<Value>) async throws -> Positioned<Value> {
        try await pool.run(until: .now + settings.statementDeadline) { session, control in
            try session.transact(work, control)
        }
    }

    /// For the pipeline, what was captured; nil if its body must have a transaction.
    private func call(
        _ reading: SingleReading, _ scope: SQLScope, _ home: TenantHome, atLeast: UInt64?
    ) throws -> PipelinedCall? {
        guard !reading.needsTransaction, let (text, values) = reading.statement?.pipelined(scope, home),
            !habits.withLock({ $0.takesStraight(text) })
        else { return nil }
        let command = try PostgresConnection.Command(text, values)
        var lane = PipelineState.Lane.system
        if case .tenant = scope { lane = .tenant }
        return PipelinedCall(command, lane, atLeast: atLeast, deadline: .now + settings.statementDeadline)
    }
}

/// How busy a server is with calls of this process.
package struct ServerLoad: Sendable, Equatable {
    package let waiting: Int
    package let running: Int

    package init(waiting: Int, running: Int) {
        self.waiting = waiting
        self.running = running
    }
}
