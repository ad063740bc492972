import Foundation
import Kernel
import Relational

/// What a body gave, and where in its server's history that was.
package struct Positioned<Value: Sendable>: Sendable {
    package let value: Value
    /// Nil where it was not asked for, or the body asked nothing.
    let mark: ReplicaMark?

    /// Of a read: no earlier than all that it saw. Of a write: no earlier than its commit.
    package var position: UInt64 { mark?.seen ?? 0 }

    init(_ value: Value, _ mark: ReplicaMark? = nil) {
        self.value = value
        self.mark = mark
    }
}

/// A body with what frames it.
struct Work<Value: Sendable>: Sendable {
    let isWrite: Bool
    let scope: SQLScope
    let home: TenantHome
    var atLeast: UInt64?
    let body: @Sendable (any SQLConnection) throws -> Value
}

extension PostgresSession {
    private enum Verdict {
        case again, over(any Error)
    }

    /// Waits between tries of a body that meets others.
    private static let contention = Backoff(first: .milliseconds(4), maximum: .milliseconds(200))

    /// Runs the body in a transaction, again where others were in its way or an idle connection proves lost.
    func transact<Value>(_ work: Work<Value>, _ control: CallControl) throws -> Positioned<Value> {
        var attempt = 0
        var reconnects = 0
        while true {
            attempt += 1
            let (connection, isFresh) = try opened(until: control.deadline)
            let transaction = PostgresTransaction(connection, frame(work, control, attempt))
            do {
                let value = try work.body(transaction)
                return Positioned(value, try transaction.commit())
            } catch {
                if !isFresh { reconnects += 1 }
                switch verdict(
                    on: error, transaction, attempt,
                    mayReconnect: !isFresh && reconnects <= 2 && !isToBeDropped)
                {
                case .over(let error): throw error
                case .again where control.isAbandoned || control.deadline <= .now: throw error
                case .again: pause(attempt, transaction, until: control.deadline)
                }
            }
        }
    }

    private func frame<Value>(_ work: Work<Value>, _ control: CallControl, _ attempt: Int)
        -> PostgresTransaction.Frame
    {
        PostgresTransaction.Frame(
            isWrite: work.isWrite, scope: work.scope, home: work.home, atLeast: work.atLeast,
            asksForMark: settings.asksForMarks, deadline: control.deadline,
            takesTurn: work.isWrite && attempt > 1, isAbandoned: { control.isAbandoned })
    }

    /// Ends the transaction, and says whether its body is to be run again.
    private func verdict(
        on error: any Error, _ transaction: PostgresTransaction, _ attempt: Int, mayReconnect: Bool
    ) -> Verdict {
        // What the server said counts, whatever the body made of it.
        let cause = transaction.error ?? error
        if transaction.isBroken { requestCancelIfLate(cause) }
        if !transaction.rollBack() { drop() }
        guard let failed = cause as? PostgresError ?? (error as? PostgresError) else { return .over(error) }
        if transaction.isBroken && transaction.hasSentCommit {
            return .over(PostgresError(.outcomeUnknown, sqlState: failed.sqlState, message: failed.message))
        }
        if failed.kind == .connectionLost {
            drop()
            return mayReconnect ? .again : .over(failed)
        }
        if failed.mayRunAgain && attempt < settings.maximumAttempts { return .again }
        return .over(failed)
    }

    /// A server that is only slow would go on with what nobody waits for.
    private func requestCancelIfLate(_ error: any Error) {
        if (error as? PostgresError)?.kind == .timeout { requestCancel() }
    }

    private func pause(
        _ attempt: Int, _ transaction: PostgresTransaction, until deadline: ContinuousClock.Instant
    ) {
        guard !transaction.isBroken else { return }
        let wait = min(Self.contention.delay(afterAttempt: attempt), deadline - .now)
        Thread.sleep(forTimeInterval: max(0, Double(wait.inMilliseconds) / 1000))
    }
}
