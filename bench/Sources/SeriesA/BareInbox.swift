import CHiredis
import Foundation
import Synchronization

/// What tasks ask of one thread that sleeps in `poll` meanwhile, and what it is woken by.
///
/// It is woken only by who asks first since it looked last: to wake it takes longer than to ask.
final class BareInbox<Question: Sendable, Answer: Sendable>: Sendable {
    /// To be resumed once, by the thread that took it.
    struct Call: Sendable {
        let question: Question
        let continuation: UnsafeContinuation<Answer, any Error>
    }

    private struct State {
        var calls: [Call] = []
        var isWoken = false
        /// Why nobody is answered any more.
        var end: (any Error)?
    }

    /// Can be read when something was asked, or the inbox was closed.
    let descriptor: Int32
    private let state = Mutex(State())

    init() throws {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw RunFailure("no eventfd: \(String(cString: strerror(errno)))") }
    }

    deinit { Foundation.close(descriptor) }

    // MARK: Tasks

    /// Fails with what the thread failed with. Cannot be cancelled.
    func ask(_ question: Question) async throws -> Answer {
        try await withUnsafeThrowingContinuation { continuation in
            let (end, wakes) = state.withLock { state -> ((any Error)?, Bool) in
                if let end = state.end { return (end, false) }
                state.calls.append(Call(question: question, continuation: continuation))
                let wakes = !state.isWoken
                state.isWoken = true
                return (nil, wakes)
            }
            if let end { return continuation.resume(throwing: end) }
            if wakes { eventfd_write(descriptor, 1) }
        }
    }

    /// Closes when `body` is through, whatever comes of it.
    func whileOpen<Value>(_ body: () async throws -> Value) async throws -> Value {
        defer { close(RunFailure("the client was told to end")) }
        return try await body()
    }

    /// Whoever asks from now on fails, and so do those whose call no thread has taken. The first reason holds.
    func close(_ reason: any Error) {
        let rest = state.withLock { state in
            if state.end == nil { state.end = reason }
            defer { state.calls = [] }
            return state.calls
        }
        eventfd_write(descriptor, 1)
        for call in rest { call.continuation.resume(throwing: reason) }
    }

    // MARK: The thread

    /// Runs `body` on a thread of its own to its end; when it fails, the inbox is closed.
    func answer(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await onThread {
            do {
                try body()
            } catch {
                self.close(error)
                throw error
            }
        }
    }

    /// Adds what was asked since to `calls`; false once the inbox is closed.
    func take(into calls: inout [Call]) -> Bool {
        var count = eventfd_t()
        // Before the calls are taken: who asks in between either is taken too or wakes the thread again.
        eventfd_read(descriptor, &count)
        return state.withLock { state in
            state.isWoken = false
            calls += state.calls
            state.calls.removeAll(keepingCapacity: true)
            return state.end == nil
        }
    }
}

/// What answers an inbox on its thread.
protocol BareClient {
    /// Waits and does what can be done; false once the inbox is closed.
    func turn() throws -> Bool

    /// Fails whoever still waits.
    func abandon(_ reason: any Error)
}

extension BareClient {
    /// Answers until the inbox is closed; then, or when anything fails, whoever still waits fails.
    func run() throws {
        var reason: any Error = RunFailure("the client was told to end")
        defer { abandon(reason) }
        do {
            while try turn() {}
        } catch {
            reason = error
            throw error
        }
    }
}
