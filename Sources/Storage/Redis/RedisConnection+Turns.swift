import Foundation
import Kernel
import NIOCore
import Synchronization

// MARK: - Callers that send and receive by themselves

extension RedisConnection {
    /// How long whoever has the turn looks for replies. Waking a thread takes as long as a near server does for an
    /// answer.
    private static let look = TimeAmount.microseconds(60)
    /// More for each command.
    private static let lookPerCommand = TimeAmount.microseconds(2)
    private static let maximumLook = TimeAmount.microseconds(250)

    /// Takes the turn for a command that was submitted: at once if nobody else seems to be there, else behind those
    /// who are about to submit theirs.
    func flushSoon() {
        let (line, isCrowded) = state.withLock { ($0.line, $0.isCrowded) }
        switch (line, isCrowded) {
        case (let line?, false): takeTurn(on: line)
        case (let line?, true): Task.detached { self.takeTurn(on: line) }
        case (nil, _): loop.execute { self.flush() }
        }
    }

    /// Sends what waits and receives what comes, for all callers; one has the turn at a time.
    func takeTurn(on line: RedisLine) {
        let isLooking = state.withLock { $0.watch.looks() }
        let begin = NIODeadline.now()
        var patience = isLooking ? Self.look : .zero
        var looks = 0
        while true {
            let room = ByteBufferAllocator().buffer(capacity: 4096)
            let arrival = line.exchange {
                let batch = state.withLock { $0.outbox.take(leaving: room) }
                if isLooking { patience = patience + Self.lookPerCommand * batch.waiters.count }
                return batch
            }
            // Whoever saw it end tells, and what waits is for the next line.
            guard let arrival else { return }
            if arrival.count > 0, isLooking { state.withLock { $0.watch.note(seen: true) } }
            // Even if it answers nobody: it may be what tells that the line has ended.
            settle(arrival)
            if arrival.count > 0 {
                // Who was just answered may submit again; the next turn is behind them.
                if !endTurn(on: line, if: arrival.isQuiet) { Task.detached { self.takeTurn(on: line) } }
                return
            }
            if arrival.isQuiet, endTurn(on: line) { return }
            if NIODeadline.now() - begin >= min(patience, Self.maximumLook), endTurn(on: line) {
                if isLooking { state.withLock { $0.watch.note(seen: false) } }
                return line.arm()
            }
            looks += 1
            if looks > 3 { sched_yield() }
        }
    }

    /// Whether the turn is over, as it is if `isDone` and nothing waits to be sent, or if another line is served.
    private func endTurn(on line: RedisLine, if isDone: Bool = true) -> Bool {
        state.withLock { state in
            guard state.line === line else { return true }
            guard isDone, state.outbox.isEmpty else { return false }
            state.outbox.isFlushScheduled = false
            return true
        }
    }

    /// Tells all whom `arrival` concerns.
    func settle(_ arrival: RedisLine.Arrival) {
        if arrival.count > 0 {
            state.withLock { state in
                state.outbox.answered(arrival.count, arrival.bytes)
                state.isCrowded = arrival.count > 1
            }
        }
        for (waiter, reply) in arrival.replies { waiter.resume(reply) }
        for (waiter, error) in arrival.lost { waiter.fail(error) }
        arrival.ended?()
    }
}
