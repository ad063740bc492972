import Kernel
import Relational

/// One member of a group of `TableEventLog`: each call is one transaction.
actor TableEventConsumer: EventConsumer {
    private let log: TableEventLog
    private var member: GroupMember

    init(log: TableEventLog, member: GroupMember) {
        self.log = log
        self.member = member
    }

    func poll(limit: Int, wait: Duration) async throws -> [Delivery] {
        let end = ContinuousClock.now + wait
        while true {
            let generation = log.wakeup.generation
            let now = log.now()
            let turn = try await transact { try $0.poll(limit: limit, at: now, $1) }
            // Others of this process can take what was given up.
            if turn.hasReleased { log.wakeup.notify() }
            if !turn.deliveries.isEmpty { return turn.deliveries }
            let remaining = end - .now
            guard remaining > .zero else { return [] }
            await log.wakeup.wait(after: generation, atMost: min(remaining, log.settings.pollInterval))
            if Task.isCancelled { throw Failure.wrapping(CancellationError()) }
        }
    }

    func commit(_ delivery: Delivery) async throws -> Bool {
        let now = log.now()
        return try await transact { try $0.commit(delivery, at: now, $1) }
    }

    func sendBack(_ delivery: Delivery, delay: Duration) async throws {
        let notBefore = log.now() + delay
        try await transact { try $0.sendBack(delivery, notBefore: notBefore, $1) }
    }

    func close() async {
        do {
            try await transact { try $0.leave($1) }
            log.wakeup.notify()
        } catch {
            // The holds lapse by themselves then, only later.
            return
        }
    }

    /// Works on a copy, which becomes the member's state once the transaction has committed.
    private func transact<Value: Sendable>(
        _ body: @escaping @Sendable (inout GroupMember, SystemWriter) throws -> Value
    ) async throws -> Value {
        let before = member
        let (after, value) = try await log.database.writeSystem { writer in
            var member = before
            let value = try body(&member, writer)
            return (member, value)
        }
        member = after
        return value
    }
}
