import Kernel
import NIOCore

/// Commands that callers have submitted and the loop has not sent, and the bound on those that are not answered.
struct RedisOutbox {
    enum Admission {
        /// Somebody will send it.
        case wait
        /// The loop has to be woken for it.
        case flush
        case refuse(Failure)
    }

    private let maximumCount: Int
    private let maximumBytes: Int
    private var commands = ByteBuffer()
    private var waiters: [RedisWaiter] = []
    /// Here or sent.
    private var inFlight = 0
    private var inFlightBytes = 0
    /// The loop will come by itself.
    var isFlushScheduled = false

    init(maximumCount: Int, maximumBytes: Int) {
        self.maximumCount = maximumCount
        self.maximumBytes = maximumBytes
    }

    var isEmpty: Bool { commands.readableBytes == 0 }

    /// Lets `append` add commands if the link takes any and there is room.
    mutating func admit(_ link: RedisLink.Admission, _ append: (inout Self) -> Void) -> Admission {
        if case .refuse(let failure) = link { return .refuse(failure) }
        guard inFlight < maximumCount, inFlightBytes < maximumBytes else {
            return .refuse(
                Failure(.overloaded, "overloaded", "Too much is waiting for Redis; try again soon."))
        }
        append(&self)
        guard !isFlushScheduled, case .send = link else { return .wait }
        isFlushScheduled = true
        return .flush
    }

    mutating func append(_ command: RedisCommand, for id: Int, _ target: RedisWaiter.Target) {
        let bytes = command.encode(into: &commands)
        waiters.append(RedisWaiter(id: id, target: target, bytes: bytes))
        inFlight += 1
        inFlightBytes += bytes
    }

    /// A command whose answer nobody waits for.
    mutating func append(_ command: RedisCommand) { _ = command.encode(into: &commands) }

    /// What is here leaves; the next commands go into `room`.
    mutating func take(leaving room: ByteBuffer) -> (commands: ByteBuffer, waiters: [RedisWaiter]) {
        guard !isEmpty else { return (ByteBuffer(), []) }
        let batch = (commands, waiters)
        commands = room
        waiters = []
        waiters.reserveCapacity(batch.1.count)
        return batch
    }

    /// What is here is never sent; those who waited for it.
    mutating func forget() -> [RedisWaiter] {
        let waiters = take(leaving: ByteBuffer()).waiters
        answered(waiters.count, waiters.reduce(0) { $0 + $1.bytes })
        return waiters
    }

    /// So many are no longer in flight.
    mutating func answered(_ count: Int, _ bytes: Int) {
        inFlight -= count
        inFlightBytes -= bytes
    }

    /// Who waited for the command, which is sent nevertheless, if it is here.
    mutating func abandon(_ id: Int) -> RedisWaiter? {
        guard let place = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        defer { waiters[place].target = .nobody }
        return waiters[place]
    }
}
