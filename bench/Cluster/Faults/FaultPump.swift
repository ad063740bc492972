import NIOCore

/// Reads from one side of a connection and writes to the other, when the schedule says so.
final class FaultPump: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A chunk under way; nil is the end of the stream.
    private struct Chunk {
        let bytes: ByteBuffer?
        let due: NIODeadline
    }

    private let link: FaultLink
    private let direction: Fault.Direction
    private var peer: (any Channel)?
    private var context: ChannelHandlerContext?
    private var schedule = FaultSchedule()
    private var underway = CircularBuffer<Chunk>()
    private var bytesUnderway = 0
    private var timer: Scheduled<Void>?
    private var isReading = false
    private(set) var isDone = false

    /// Beyond this much under way nothing more is read, and the sender feels it.
    private static let maximumBytes = 1 << 20

    init(link: FaultLink, direction: Fault.Direction) {
        self.link = link
        self.direction = direction
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func start(to peer: any Channel) {
        self.peer = peer
        proceed()
    }

    /// The link is over; nothing more is written.
    func drop() {
        timer?.cancel()
        timer = nil
        underway.removeAll()
        peer = nil
        isDone = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = false
        enqueue(unwrapInboundIn(data), context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        proceed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { enqueue(nil, context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // An end without an error before it is orderly: both sides had no more to say.
        if underway.last.map({ $0.bytes != nil }) ?? true { enqueue(nil, context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { link.reset() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { link.isWritable(direction) }
    }

    private func enqueue(_ bytes: ByteBuffer?, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        let size = bytes?.readableBytes ?? 0
        let due = schedule.arrival(
            of: size, at: .now(), link.hub.fault(direction), roll: Double.random(in: -1...1))
        underway.append(Chunk(bytes: bytes, due: due))
        bytesUnderway += size
        proceed()
    }

    /// Writes what is due, then waits for the next chunk or reads on.
    func proceed() {
        guard let peer, !isDone else { return }
        timer?.cancel()
        timer = nil
        let isStalled = link.hub.fault(direction).isStalled
        var hasWritten = false
        while !isStalled, peer.isWritable, let chunk = underway.first, chunk.due <= .now() {
            underway.removeFirst()
            guard let bytes = chunk.bytes else { return end(peer) }
            bytesUnderway -= bytes.readableBytes
            link.hub.passed(bytes.readableBytes, direction)
            peer.write(bytes, promise: nil)
            hasWritten = true
        }
        if hasWritten { peer.flush() }
        if !isStalled, peer.isWritable, let next = underway.first { wait(until: next.due) }
        readOn()
    }

    private func wait(until due: NIODeadline) {
        timer = link.hub.loop.assumeIsolated().scheduleTask(deadline: due) { [weak self] in self?.proceed() }
    }

    private func readOn() {
        guard !isReading, bytesUnderway < Self.maximumBytes, let context, peer != nil else { return }
        isReading = true
        context.read()
    }

    private func end(_ peer: any Channel) {
        isDone = true
        peer.flush()
        peer.close(mode: .output, promise: nil)
        link.directionEnded()
    }
}
