import Kernel
import Relational
import Synchronization

/// A database that is used once it was found to be as the program needs it, however late that is: one that is away
/// when a process starts concerns its own tenants alone.
final class GatedDriver: SQLDriver {
    private struct State {
        var isOpen = false
        var checking: Task<Void, any Error>?
    }

    private let base: any SQLDriver
    private let check: @Sendable () async throws -> Void
    private let state = Mutex(State())

    init(_ base: any SQLDriver, check: @escaping @Sendable () async throws -> Void) {
        self.base = base
        self.check = check
    }

    var dialect: SQLDialect { base.dialect }

    /// Throws what the check found; asked again, it looks again.
    func pass() async throws {
        let task: Task<Void, any Error>? = state.withLock { state in
            guard !state.isOpen else { return nil }
            if let checking = state.checking { return checking }
            let task = Task { try await look() }
            state.checking = task
            return task
        }
        try await task?.value
    }

    func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await pass()
        return try await base.read(scope, body)
    }

    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await pass()
        return try await base.write(scope, body)
    }

    func close() async { await base.close() }

    private func look() async throws {
        do {
            try await check()
            state.withLock { $0 = State(isOpen: true) }
        } catch {
            state.withLock { $0.checking = nil }
            throw error
        }
    }
}
