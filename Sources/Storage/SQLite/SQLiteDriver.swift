import Foundation
import Kernel
package import Relational

/// SQLite in WAL mode: one thread that writes in group commits, several that read.
package final class SQLiteDriver: SQLDriver {
    package struct Settings: Sendable {
        package var path: String
        package var readers: Int
        /// Writes that may share a commit.
        package var maximumBatch: Int
        /// Calls that may wait, of each kind.
        package var maximumQueue: Int
        package var busyTimeout: Duration
        package var statementDeadline: Duration

        package init(
            path: String, readers: Int = 4, maximumBatch: Int = 512, maximumQueue: Int = 10_000,
            busyTimeout: Duration = .seconds(5), statementDeadline: Duration = .seconds(10)
        ) {
            self.path = path
            self.readers = readers
            self.maximumBatch = maximumBatch
            self.maximumQueue = maximumQueue
            self.busyTimeout = busyTimeout
            self.statementDeadline = statementDeadline
        }
    }

    /// Told after each commit: how many writes it held.
    package typealias CommitObserver = @Sendable (_ writes: Int) -> Void

    package var dialect: SQLDialect { .sqlite }

    private let writes: WorkQueue<any PendingWork>
    private let reads: WorkQueue<any PendingWork>
    private let threads = DispatchGroup()
    private let openReaders = DispatchGroup()

    /// Opens the file, making it if absent. `unavailable` if that cannot be.
    package init(_ settings: Settings, onCommit: @escaping CommitObserver = { _ in }) throws {
        writes = WorkQueue(capacity: settings.maximumQueue)
        reads = WorkQueue(capacity: settings.maximumQueue)
        // The writer opens first: it makes the file and its WAL, which readers need.
        let writing = try SQLiteConnection(
            path: settings.path, access: .readWrite, busyTimeout: settings.busyTimeout)
        let reading = try (0..<max(1, settings.readers)).map { _ in
            try SQLiteConnection(path: settings.path, access: .readOnly, busyTimeout: settings.busyTimeout)
        }
        startWriter(writing, settings, onCommit)
        for connection in reading { startReader(connection, settings) }
    }

    /// Calls that wait for the writer.
    package var waitingWrites: Int { writes.depth }

    package func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await submit(body, to: reads)
    }

    package func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await submit(body, to: writes)
    }

    package func close() async {
        writes.close()
        reads.close()
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
    }

    private func submit<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value, to queue: WorkQueue<any PendingWork>
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let call = PendingCall(body, continuation)
            do { try queue.add(call) } catch { call.answer(error) }
        }
    }

    private func startWriter(
        _ connection: SQLiteConnection, _ settings: Settings, _ onCommit: @escaping CommitObserver
    ) {
        // Handed to its thread here and used by no other afterwards.
        nonisolated(unsafe) let writer = SQLiteWriter(
            connection: connection, statementDeadline: settings.statementDeadline, onCommit: onCommit)
        let limit = settings.maximumBatch
        start("sqlite-writer") { [writes, openReaders] in
            while let batch = writes.take(limit) { writer.commit(batch) }
            // Last, for only a connection that may write can leave the file without a WAL beside it.
            openReaders.wait()
            writer.close()
        }
    }

    private func startReader(_ connection: SQLiteConnection, _ settings: Settings) {
        // Handed to its thread here and used by no other afterwards.
        nonisolated(unsafe) let connection = connection
        let deadline = settings.statementDeadline
        openReaders.enter()
        start("sqlite-reader") { [reads, openReaders] in
            while let batch = reads.take(1) {
                for work in batch {
                    connection.setDeadline(.now + deadline)
                    work.answer(connection.snapshot(work))
                }
            }
            connection.close()
            openReaders.leave()
        }
    }

    private func start(_ name: String, _ loop: @escaping @Sendable () -> Void) {
        threads.enter()
        let thread = Thread { [threads] in
            loop()
            threads.leave()
        }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }
}

extension SQLiteConnection {
    /// Runs a read in one snapshot; what went wrong around it, if anything.
    fileprivate func snapshot(_ work: any PendingWork) -> (any Error)? {
        do {
            try script("BEGIN")
            defer { setDeadline(nil) }
            _ = work.perform(self)
            setDeadline(nil)
            try script("ROLLBACK")
            return nil
        } catch {
            return error
        }
    }
}
