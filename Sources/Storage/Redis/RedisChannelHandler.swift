import Kernel
import NIOCore

/// The end of one channel: commands out in batches, replies to those who wait, in order.
///
/// Lives on the channel's event loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the handler tells its owner, on the loop.
    struct Events {
        /// So many replies came, to commands of so many bytes.
        var answered: (_ count: Int, _ bytes: Int) -> Void = { _, _ in }
        /// A reply that nobody waits for. Nil where there must be none.
        var unsolicited: ((RedisReply) -> Void)?
        /// The last event.
        var ended: (Failure) -> Void = { _ in }
    }

    private var events = Events()
    private let reader: RedisReplyReader
    private var context: ChannelHandlerContext?
    private var sent = CircularBuffer<RedisWaiter>(initialCapacity: 128)
    private var isTimerSet = false
    private var end: Failure?

    init(maximumReplyBytes: Int) throws {
        guard let reader = RedisReplyReader(maximumBytes: maximumReplyBytes) else {
            throw Failure(.overloaded, "overloaded", "There is no memory for another connection.")
        }
        self.reader = reader
    }

    /// From now on `events` are told; the last one at once if it has happened.
    func tell(_ events: Events) {
        self.events = events
        if let end { events.ended(end) }
    }

    /// Sends commands, one for each of `waiters`, that are to be answered until `deadline`.
    func send(_ commands: ByteBuffer, _ waiters: [RedisWaiter], until deadline: NIODeadline) {
        guard let context, end == nil else {
            let interruption = RedisInterruption(failure: end ?? RedisLink.closedFailure)
            for waiter in waiters { waiter.fail(interruption) }
            return
        }
        sent.reserveCapacity(sent.count + waiters.count)
        for var waiter in waiters {
            waiter.deadline = deadline
            sent.append(waiter)
        }
        setTimer(context)
        context.writeAndFlush(wrapOutboundOut(commands), promise: nil)
    }

    /// The waiter gets a failure; its reply will be passed over.
    func abandon(_ id: Int) -> Bool {
        guard let place = sent.firstIndex(where: { $0.id == id }) else { return false }
        let waiter = sent[place]
        sent[place].target = .nobody
        waiter.fail(Failure.wrapping(CancellationError()))
        return true
    }

    /// Fails whoever waits and closes the channel.
    func close(_ failure: Failure) {
        finish(failure)
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.unavailable("Redis"))
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard end == nil else { return }
        var count = 0
        var bytes = 0
        var end: Failure?
        do {
            try reader.feed(unwrapInboundIn(data))
            while self.end == nil, let reply = try reader.next() {
                if let waiter = sent.popFirst() {
                    count += 1
                    bytes += waiter.bytes
                    waiter.resume(reply)
                } else if let unsolicited = events.unsolicited {
                    unsolicited(reply)
                } else {
                    throw RedisReplyReader.Garbage(description: "\(reply.kind) that nobody asked for")
                }
            }
        } catch {
            end = Failure(
                .unavailable, "unavailable", "What Redis answered cannot be read; the connection was ended.",
                cause: error)
        }
        if count > 0 { events.answered(count, bytes) }
        if let end { close(end) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(Failure(.unavailable, "unavailable", "The connection to Redis was lost."))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(Failure(.unavailable, "unavailable", "The connection to Redis failed.", cause: error))
    }

    private func finish(_ failure: Failure) {
        guard end == nil else { return }
        end = failure
        let interruption = RedisInterruption(failure: failure)
        let (count, bytes) = (sent.count, sent.reduce(0) { $0 + $1.bytes })
        while let waiter = sent.popFirst() { waiter.fail(interruption) }
        events.answered(count, bytes)
        // The owner holds the handler and may be held by the events.
        let last = events
        events = Events()
        last.ended(failure)
    }

    /// One timer for all: commands are answered in order, so the oldest is late first.
    private func setTimer(_ context: ChannelHandlerContext) {
        guard !isTimerSet, let oldest = sent.first else { return }
        isTimerSet = true
        context.eventLoop.assumeIsolated().scheduleTask(deadline: oldest.deadline) { [weak self] in
            self?.checkDeadline()
        }
    }

    private func checkDeadline() {
        isTimerSet = false
        guard end == nil, let context, let oldest = sent.first else { return }
        let now = NIODeadline.now()
        guard oldest.deadline <= now else { return setTimer(context) }
        let late = Failure(.timeout, "timeout", "Redis did not answer in time.")
        var bytes = 0
        var count = 0
        while let waiter = sent.first, waiter.deadline <= now {
            sent.removeFirst()
            count += 1
            bytes += waiter.bytes
            waiter.fail(late)
        }
        events.answered(count, bytes)
        // The replies behind would come late as well, and the place of those given up is lost.
        close(Self.stopped)
    }

    static let stopped = Failure(
        .unavailable, "unavailable", "Redis did not answer in time; the connection was ended.")
}

extension RedisReply {
    /// Of what kind it is; its contents are for nobody's log.
    var kind: String {
        switch self {
        case .null: "null"
        case .integer: "an integer"
        case .bytes: "bytes"
        case .status: "a status"
        case .error: "an error"
        case .array: "an array"
        }
    }
}
