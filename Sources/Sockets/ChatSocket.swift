import Chat
import Kernel
import NIOCore
import NIOExtras
import NIOWebSocket

/// One WebSocket of a chat client: frames in, the session's actions carried out, frames out within a bound.
final class ChatSocket: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    let lane: SocketLane
    var session: ChatSession
    /// Written to since the last flush.
    var isTouched = false
    private var token: String?
    var context: ChannelHandlerContext?
    private var outbox: Outbox?
    /// The part that has come of a message in several frames.
    var partial: (bytes: ByteBuffer, frames: Int)?
    var closeDue: Duration?
    /// When its session was last looked at.
    var checkedAt: Duration

    init(lane: SocketLane, token: String?) {
        self.lane = lane
        self.token = token
        let now = lane.now
        checkedAt = now
        session = ChatSession(limits: lane.settings.session, at: now)
    }

    var identity: ChatIdentity? { session.identity }
    var user: UserID? { session.identity?.caller.user }

    // MARK: - Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        lane.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { gone() }

    func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    private func gone() {
        guard context != nil else { return }
        context = nil
        outbox = nil
        partial = nil
        take(.gone)
        lane.remove(self)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as ChannelEvent where event == .inputClosed:
            // The listener lets clients close their half; one that has done so will never answer.
            context.close(promise: nil)
        case is ChannelShouldQuiesceEvent: take(.drain(afterSeconds: 1, closeIn: .zero))
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? NIOWebSocketError else { return context.close(promise: nil) }
        end(error == .invalidFrameLength ? .tooLarge : .protocolError)
    }

    /// Looked at by the lane's one timer.
    func tick(_ now: Duration) {
        if let closeDue {
            if now >= closeDue { context?.close(promise: nil) }
            return
        }
        take(.tick)
    }

    /// The person as they are now; nil if the log-in has ended.
    func renew(_ caller: Caller?) {
        guard var identity else { return }
        guard let caller, caller.allows(.readChat) else { return take(.revoked) }
        identity.caller = caller
        session.renew(identity)
    }

    /// An entry was left out.
    func fellBehind(in room: RoomID) { session.fellBehind(in: room).map(perform) }

    // MARK: - Session

    func take(_ event: ChatSession.Event) {
        for action in session.handle(event, at: lane.now) { perform(action) }
    }

    /// A run passes by. How many of its entries were sent; they still have to be flushed.
    func offer(_ run: SocketRun, _ room: RoomID) -> Int {
        guard !isFull, session.offer(room, run.seqs) else { return run.entries.count { offer($0, room) } }
        write(run.frames)
        return run.entries.count
    }

    /// An entry passes by. True if it was sent; it still has to be flushed.
    func offer(_ entry: SocketEntry, _ room: RoomID) -> Bool {
        // Of a run that it could not take, the rest still comes by.
        if session.hasEnded { return false }
        if isFull { return overrun() }
        let (offer, ticket) = session.offer(room, entry.seq)
        switch offer {
        case .skip: return false
        case .fetch(let after):
            perform(.fetch(room, ticket: ticket, after: after))
            return false
        case .deliver:
            write(entry.frame)
            return true
        }
    }

    private func overrun() -> Bool {
        lane.hub.meter.slow()
        take(.overrun)
        return false
    }

    private func perform(_ action: ChatSession.Action) {
        switch action {
        case .reply(let frame):
            if case .gap = frame { lane.hub.meter.gap() }
            // Of a session that ends, a few bounded words pass the bound.
            if session.hasEnded { write(WebSocketBytes.text(frame.json)) } else { reply(frame) }
        case .ping: send(WebSocketBytes.ping, flushing: true)
        case .close(let reason): end(reason)
        case .deliver(let room, let seqs): deliver(room, seqs)
        default: askHouse(action)
        }
    }

    func reply(_ frame: ServerFrame) { send(WebSocketBytes.text(frame.json), flushing: true) }

    /// What the last page held; used at once by the actions that it causes.
    var page: [SocketEntry] = []

    private func deliver(_ room: RoomID, _ seqs: ClosedRange<Int64>) {
        for entry in page where seqs.contains(entry.seq) {
            if isFull {
                _ = overrun()
                return
            }
            write(entry.frame)
        }
        context?.flush()
    }

    /// The token of the upgrade serves once.
    func takeToken(_ shown: String?) -> String? {
        defer { token = nil }
        return shown ?? token
    }

    // MARK: - Out

    private var isFull: Bool {
        guard let outbox else { return false }
        return outbox.bytes >= lane.settings.outboxBytes || outbox.count >= lane.settings.outboxFrames
    }

    /// Within the bound; beyond it the connection ends.
    func send(_ frame: ByteBuffer, flushing: Bool = false) {
        guard closeDue == nil else { return }
        if isFull {
            _ = overrun()
            return
        }
        write(frame)
        if flushing { context?.flush() }
    }

    func flush() {
        isTouched = false
        context?.flush()
    }

    private func write(_ frame: ByteBuffer) {
        guard let context, closeDue == nil else { return }
        if outbox == nil, context.channel.isWritable {
            context.write(Self.wrapOutboundOut(frame), promise: nil)
        } else {
            if outbox == nil { outbox = Outbox() }
            outbox?.add(frame)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, outbox != nil else { return }
        while context.channel.isWritable, let frame = outbox?.next() {
            context.write(Self.wrapOutboundOut(frame), promise: nil)
        }
        if outbox?.isEmpty == true { outbox = nil }
        context.flush()
    }

    /// Says why, behind all that waits, and gives the client a moment to answer.
    func end(_ reason: CloseReason) {
        guard context != nil, closeDue == nil else { return }
        if !session.hasEnded { take(.gone) }
        write(WebSocketBytes.close(reason))
        context?.flush()
        closeDue = lane.now + lane.settings.closeDeadline
    }

    func closeAfterFlush() {
        guard let context, outbox == nil else { return }
        let channel = context.channel
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer())).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}
