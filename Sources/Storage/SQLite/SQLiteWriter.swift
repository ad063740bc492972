import Kernel
import Relational

/// The one writer: all that wait when it is free share a transaction, each in a savepoint, and one fsync.
struct SQLiteWriter {
    /// A body's failure made SQLite undo the whole transaction, as a full disk or a passed deadline do.
    private struct TransactionLost: Error {
        let culprit: Int
    }

    private let connection: SQLiteConnection
    private let statementDeadline: Duration
    private let onCommit: SQLiteDriver.CommitObserver

    init(
        connection: SQLiteConnection, statementDeadline: Duration,
        onCommit: @escaping SQLiteDriver.CommitObserver
    ) {
        self.connection = connection
        self.statementDeadline = statementDeadline
        self.onCommit = onCommit
    }

    /// Commits `batch` together and answers every caller after the commit that holds its write.
    func commit(_ batch: [any PendingWork]) {
        do {
            try connection.script("BEGIN IMMEDIATE")
        } catch {
            for work in batch { work.answer(error) }
            return
        }
        do {
            let writes = try perform(batch)
            if connection.isInTransaction { try connection.script("COMMIT") }
            if writes > 0 { onCommit(writes) }
            for work in batch { work.answer(nil) }
        } catch {
            rollBack()
            recover(batch, from: error)
        }
    }

    func close() { connection.close() }

    /// What took the transaction down must not take its neighbours: each of them goes again by itself.
    private func recover(_ batch: [any PendingWork], from error: any Error) {
        let culprit = (error as? TransactionLost)?.culprit
        for (index, work) in batch.enumerated() {
            if index == culprit {
                work.answer(Failure.unavailable("The database"))
            } else if batch.count == 1 {
                work.answer(error)
            } else {
                commit([work])
            }
        }
    }

    /// The number of bodies that succeeded; throws only when the whole transaction is lost.
    private func perform(_ batch: [any PendingWork]) throws -> Int {
        guard batch.count > 1 else { return try performAlone(batch[0]) ? 1 : 0 }
        var writes = 0
        for (index, work) in batch.enumerated() {
            try connection.step("SAVEPOINT one")
            let succeeded = performWithinDeadline(work)
            guard connection.isInTransaction else { throw TransactionLost(culprit: index) }
            if succeeded { writes += 1 } else { try connection.step("ROLLBACK TO one") }
            try connection.step("RELEASE one")
        }
        return writes
    }

    private func performAlone(_ work: any PendingWork) throws -> Bool {
        let succeeded = performWithinDeadline(work)
        // Also where the body passed over the error that cost the transaction.
        guard connection.isInTransaction else { throw TransactionLost(culprit: 0) }
        if !succeeded { try connection.script("ROLLBACK") }
        return succeeded
    }

    private func performWithinDeadline(_ work: any PendingWork) -> Bool {
        connection.setDeadline(.now + statementDeadline)
        defer { connection.setDeadline(nil) }
        return work.perform(connection)
    }

    private func rollBack() {
        guard connection.isInTransaction else { return }
        // Nothing is left to do if even this fails: the next BEGIN reports it to its own callers.
        try? connection.script("ROLLBACK")
    }
}
