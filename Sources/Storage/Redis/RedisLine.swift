import Foundation
import Kernel
import NIOCore
import Synchronization

/// The open end of a plain connection whose callers send and receive by themselves, which spares most commands a change
/// of thread. What no caller waited for is received by a thread, which keeps deadlines too.
final class RedisLine: Sendable {
    /// What one look brought.
    struct Arrival {
        var replies: [(RedisWaiter, RedisReply)] = []
        /// Those whom the end of the connection left without a reply, each with what it is to be told.
        var lost: [(RedisWaiter, any Error)] = []
        /// Of the commands of all of these.
        var bytes = 0
        /// Nothing is on its way.
        var isQuiet = true
        /// Set once: to be called after all are told.
        var ended: (() -> Void)?

        var count: Int { replies.count + lost.count }
    }

    private struct Core {
        let reader: RedisReplyReader
        var sent = CircularBuffer<RedisWaiter>(initialCapacity: 128)
        /// What the socket did not take yet.
        var unsent = ByteBuffer()
        var isClosed = false
        /// Told the reason.
        var ended: (@Sendable (Failure) -> Void)?
        /// The thread sleeps without a deadline.
        var isDozing = false
    }

    private let core: Mutex<Core>
    private let socket: RedisSocket
    /// Bytes that were received and not read yet; used by whoever holds `core`.
    // Unsafe, for it is memory; `core` guards it.
    nonisolated(unsafe) private let room = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 65_536, alignment: 16)
    private let commandDeadline: TimeAmount

    init(_ socket: RedisSocket, settings: RedisSettings) throws(Failure) {
        let maximum = max(settings.maximumReplyBytes, settings.maximumValueBytes + 65_536)
        guard let reader = RedisReplyReader(maximumBytes: maximum) else {
            throw Failure(.overloaded, "overloaded", "There is no memory for another connection.")
        }
        self.socket = socket
        core = Mutex(Core(reader: reader))
        commandDeadline = TimeAmount(settings.commandDeadline)
    }

    deinit { room.deallocate() }

    /// Starts the thread, which tells `settle` what it received; `ended` is the last to be called.
    func start(
        settle: @escaping @Sendable (Arrival) -> Void, isAttended: @escaping @Sendable () -> Bool,
        ended: @escaping @Sendable (Failure) -> Void
    ) {
        core.withLock { $0.ended = ended }
        let thread = Thread { [self] in
            while let milliseconds = core.withLock({ rest(&$0) }) {
                socket.wait(milliseconds)
                let arrival = core.withLock { core in
                    var arrival = look(&core)
                    if let oldest = core.sent.first, oldest.deadline <= .now() { giveUp(&core, &arrival) }
                    return arrival
                }
                settle(arrival)
                // Whoever has the turn receives, or arms when it ends.
                if !arrival.isQuiet, !isAttended() { arm() }
            }
        }
        thread.name = "redis"
        thread.start()
    }

    /// For how many milliseconds the thread may sleep; nil if it shall end.
    private func rest(_ core: inout Core) -> Int32? {
        guard !core.isClosed else { return nil }
        core.isDozing = core.sent.isEmpty
        guard let oldest = core.sent.first else { return -1 }
        return Int32(clamping: max(0, (oldest.deadline - .now()).nanoseconds / 1_000_000 + 1))
    }

    /// Sends what `take` gives and receives what has come; waits for nothing. Nil if the connection has ended before.
    func exchange(_ take: () -> (commands: ByteBuffer, waiters: [RedisWaiter])) -> Arrival? {
        core.withLock { core in
            guard !core.isClosed else { return nil }
            var (commands, waiters) = take()
            let deadline = NIODeadline.now() + commandDeadline
            for index in waiters.indices { waiters[index].deadline = deadline }
            core.sent.append(contentsOf: waiters)
            if core.unsent.readableBytes == 0 {
                swap(&core.unsent, &commands)
            } else {
                core.unsent.writeBuffer(&commands)
            }
            return look(&core)
        }
    }

    /// To be called when there is no further look and something is on its way: the thread takes over.
    func arm() {
        core.withLock { core in
            guard !core.isClosed else { return }
            socket.arm(writes: core.unsent.readableBytes > 0)
            guard core.isDozing else { return }
            core.isDozing = false
            socket.wake()
        }
    }

    /// The waiter that gets no reply any more; its reply will be passed over. `elsewhere` is asked if it was not sent.
    func abandon(_ id: Int, elsewhere: () -> RedisWaiter?) -> RedisWaiter? {
        core.withLock { core in
            guard let place = core.sent.firstIndex(where: { $0.id == id }) else { return elsewhere() }
            defer { core.sent[place].target = .nobody }
            return core.sent[place]
        }
    }

    /// Ends the connection; to be settled.
    func close(_ failure: Failure) -> Arrival {
        core.withLock { core in
            var arrival = Arrival()
            end(&core, failure, &arrival)
            return arrival
        }
    }
}

// MARK: - With the core

extension RedisLine {
    private func look(_ core: inout Core) -> Arrival {
        var arrival = Arrival()
        guard !core.isClosed else { return arrival }
        if core.unsent.readableBytes > 0, !socket.send(&core.unsent) {
            end(&core, Self.lost, &arrival)
            return arrival
        }
        receiving: while true {
            switch socket.receive(into: room) {
            case .nothing: break receiving
            case .end:
                end(&core, Self.lost, &arrival)
                break receiving
            case .bytes(let count):
                do {
                    try read(&core, UnsafeRawBufferPointer(rebasing: room[..<count]), &arrival)
                } catch {
                    end(&core, Self.unreadable(error), &arrival)
                    break receiving
                }
                if count < room.count { break receiving }
            }
        }
        arrival.isQuiet = core.sent.isEmpty
        return arrival
    }

    private func read(
        _ core: inout Core, _ bytes: UnsafeRawBufferPointer, _ arrival: inout Arrival
    ) throws(RedisReplyReader.Garbage) {
        try core.reader.feed(bytes)
        while let reply = try core.reader.next() {
            guard let waiter = core.sent.popFirst() else {
                throw RedisReplyReader.Garbage(description: "\(reply.kind) that nobody asked for")
            }
            arrival.bytes += waiter.bytes
            arrival.replies.append((waiter, reply))
        }
    }

    private func end(_ core: inout Core, _ failure: Failure, _ arrival: inout Arrival) {
        guard !core.isClosed else { return }
        core.isClosed = true
        let interruption = RedisInterruption(failure: failure)
        while let waiter = core.sent.popFirst() {
            arrival.bytes += waiter.bytes
            arrival.lost.append((waiter, interruption))
        }
        arrival.isQuiet = true
        if let ended = core.ended { arrival.ended = { ended(failure) } }
        core.ended = nil
        socket.shutDown()
        socket.wake()
    }

    /// The replies behind would come late as well, and the place of those given up is lost.
    private func giveUp(_ core: inout Core, _ arrival: inout Arrival) {
        let now = NIODeadline.now()
        let late = Failure(.timeout, "timeout", "Redis did not answer in time.")
        while let waiter = core.sent.first, waiter.deadline <= now {
            core.sent.removeFirst()
            arrival.bytes += waiter.bytes
            arrival.lost.append((waiter, late))
        }
        end(&core, RedisChannelHandler.stopped, &arrival)
    }

    private static let lost = Failure(.unavailable, "unavailable", "The connection to Redis was lost.")

    private static func unreadable(_ cause: any Error) -> Failure {
        Failure(
            .unavailable, "unavailable", "What Redis answered cannot be read; the connection was ended.",
            cause: cause)
    }
}
