import Kernel
import Logging
import NIOCore
import Synchronization

/// One connection that many share: what callers submit meanwhile leaves in one write, replies come in order.
///
/// It is opened at once, and again whenever it is lost, until `close`.
final class RedisConnection: Sendable {
    /// What is between callers and the loop.
    struct State {
        var link: RedisLink
        var outbox: RedisOutbox
        var supervisor: Task<Void, Never>?
        var troubleSince: Timestamp?
        /// Where callers send and receive by themselves, while it is open.
        var line: RedisLine?
        /// Several were answered at once the last time.
        var isCrowded = false
        var watch = AnswerWatch()
    }

    /// What the owner of a connection for subscriptions is told, on the loop.
    struct Subscriber: Sendable {
        let message: @Sendable (RedisReply) -> Void
        let lost: @Sendable (Failure) -> Void
    }

    let loop: any EventLoop
    let state: Mutex<State>
    let opening: @Sendable (any EventLoop, NIODeadline) async throws -> RedisChannel
    let settings: RedisSettings
    let subscriber: Subscriber?
    let logger: Logger
    let current: NIOLoopBoundBox<RedisChannelHandler?>
    private let lastID = Atomic<Int>(0)

    init(
        settings: RedisSettings, loop: any EventLoop, logger: Logger, subscriber: Subscriber? = nil,
        opening: @escaping @Sendable (any EventLoop, NIODeadline) async throws -> RedisChannel
    ) {
        self.loop = loop
        self.settings = settings
        self.opening = opening
        self.subscriber = subscriber
        self.logger = logger
        let outbox = RedisOutbox(
            maximumCount: settings.maximumInFlight, maximumBytes: settings.maximumInFlightBytes)
        state = Mutex(State(link: RedisLink(shortLife: settings.reconnect.first), outbox: outbox))
        current = NIOLoopBoundBox.makeEmptyBox(eventLoop: loop)
        let supervisor = Task { await self.supervise() }
        state.withLock { $0.supervisor = supervisor }
    }
}

// MARK: - Callers

extension RedisConnection {
    /// The reply, which may be an error; `first` is sent just before, and its reply is passed over.
    ///
    /// Throws `RedisInterruption` if the connection went while it was awaited, else a `Failure`: `overloaded`,
    /// `unavailable` before anything was sent, `timeout`, `cancelled`.
    func send(_ command: RedisCommand, behind first: RedisCommand? = nil) async throws -> RedisReply {
        let id = lastID.add(1, ordering: .relaxed).newValue
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                submit(command, behind: first, id, continuation)
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// Sends what is answered by other means than a reply.
    func post(_ command: RedisCommand) throws {
        let admission = state.withLock { state in
            state.outbox.admit(state.link.admission) { $0.append(command) }
        }
        switch admission {
        case .wait: break
        case .flush: loop.execute { self.flush() }
        case .refuse(let failure): throw failure
        }
    }

    private func submit(
        _ command: RedisCommand, behind first: RedisCommand?, _ id: Int,
        _ continuation: RedisWaiter.Continuation
    ) {
        guard !Task.isCancelled else {
            continuation.resume(throwing: Failure.wrapping(CancellationError()))
            return
        }
        let admission = state.withLock { state in
            state.outbox.admit(state.link.admission) { outbox in
                if let first { outbox.append(first, for: 0, .nobody) }
                outbox.append(command, for: id, .task(continuation))
            }
        }
        switch admission {
        // Who is cancelled between the question above and here was looked for in vain.
        case .wait: if Task.isCancelled { cancel(id) }
        case .flush:
            if Task.isCancelled { cancel(id) }
            flushSoon()
        case .refuse(let failure): continuation.resume(throwing: failure)
        }
    }

    /// Who submitted it is told at once; that it was sent, or will be, changes nothing.
    private func cancel(_ id: Int) {
        let line = state.withLock { $0.line }
        if line != nil { return abandon(id, on: line) }
        loop.execute {
            if self.current.value?.abandon(id) == true { return }
            self.abandon(id, on: self.state.withLock { $0.line })
        }
    }

    private func abandon(_ id: Int, on line: RedisLine?) {
        let waiting = { self.state.withLock { $0.outbox.abandon(id) } }
        let waiter = if let line { line.abandon(id, elsewhere: waiting) } else { waiting() }
        waiter?.fail(Failure.wrapping(CancellationError()))
    }
}
