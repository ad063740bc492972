import NIOCore
import NIOHTTP1

// MARK: - Answers

extension ClientHandler {
    func write(_ part: HTTPServerResponsePart) { context?.write(Self.wrapOutboundOut(part), promise: nil) }

    func flush() { context?.flush() }

    func write(problem: Rejection, requestID: String, closes: Bool, isHead: Bool) {
        let (head, body) = problem.document(requestID: requestID, closes: closes)
        write(.head(head))
        if !isHead { write(.body(.byteBuffer(body))) }
        write(.end(nil))
    }

    /// Breaks the connection off, so that half an answer does not pass for a whole one.
    func abort() {
        let before = state
        state = .ended
        if case .exchange(let exchange) = before { exchange.clientGone() }
        context?.close(promise: nil)
    }

    /// The connection is a tunnel now, which has its own handlers.
    func detach() {
        state = .ended
        lane.remove(self)
    }

    func closeAfterFlush() {
        state = .closing(until: .now() + lane.proxy.settings.times.idle.timeAmount)
        close(mode: .all)
    }

    /// Tells the client that nothing more will come, and lets it read that before the connection goes.
    func linger() {
        state = .lingering(until: .now() + Self.linger)
        close(mode: .output)
    }

    private func close(mode: CloseMode) {
        guard let context else { return }
        let channel = context.channel
        // Nothing on the wire, but its end is the end of all before it.
        let mark = Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))
        context.writeAndFlush(mark).assumeIsolated().whenComplete { _ in
            channel.close(mode: mode, promise: nil)
        }
    }
}

// MARK: - Times

extension ClientHandler {
    func tick(_ now: NIODeadline) {
        let times = lane.proxy.settings.times
        switch state {
        case .exchange(let exchange): exchange.tick(now)
        case .lingering(let end) where now > end, .closing(let end) where now > end: abort()
        case .idle:
            if let start = lane.drainingSince, isQuiet {
                if now - max(start, idleSince) > times.idleGrace.timeAmount { closeAfterFlush() }
            } else if let headSince {
                guard now - headSince > times.requestHead.timeAmount else { return }
                refuse(.requestTimeout)
            } else if now - idleSince > times.keepAlive.timeAmount {
                abort()
            }
        case .lingering, .closing, .ended: break
        }
    }

    func cut() { abort() }
}
