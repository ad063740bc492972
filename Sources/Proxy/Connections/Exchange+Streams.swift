import Kernel
import NIOCore
import NIOHTTP1
import Resilience

// MARK: - The request

extension Exchange {
    func clientBody(_ bytes: ByteBuffer) {
        guard case .open(let upstream) = phase else { return }
        progress = .now()
        received += Int64(bytes.readableBytes)
        guard received <= proxy.settings.limits.bodyBytes else { return reject(.bodyTooLarge) }
        replay.append(bytes)
        send(bytes, to: upstream)
    }

    func clientReadComplete() {
        if case .open(let upstream) = phase { upstream.flush() }
    }

    /// Trailers go no further: nothing behind reads them.
    func clientEnd() {
        guard case .open(let upstream) = phase else { return }
        hasWholeRequest = true
        if !attempt.isWhole {
            sendEnd(to: upstream)
            upstream.flush()
        }
    }

    func send(_ bytes: ByteBuffer, to upstream: UpstreamHandler) {
        attempt.sentBytes += bytes.readableBytes
        upstream.write(.body(.byteBuffer(bytes)))
    }

    func sendEnd(to upstream: UpstreamHandler) {
        upstream.write(.end(nil))
        attempt.isWhole = true
        wholeAt = .now()
    }

    /// The instance takes more.
    func upstreamDrained() {
        progress = .now()
        takeMore()
    }

    /// What the client has sent already, and then the next of it.
    func takeMore() {
        client.process()
        if case .open(let upstream) = phase { upstream.flush() }
        client.readMore()
    }
}

// MARK: - The answer

extension Exchange {
    func upstreamHead(_ head: HTTPResponseHead) {
        guard case .open = phase, let choice else { return }
        progress = .now()
        if head.status == .switchingProtocols, checked?.upgrade == nil {
            return fail(.cut, .badGateway, code: "cut")
        }
        answer = head
        proxy.observer.event(
            .answered(
                role: choice.instance.role, instance: choice.instance.id, status: Int(head.status.code),
                seconds: (ContinuousClock.now - sentAt).inSeconds))
        closes = checked?.isLast == true || lane.isDraining || !attempt.isWhole
        if head.status == .switchingProtocols { return switchProtocols(head) }
        let (headers, framing) = ForwardedHeaders.response(
            head, to: self.head, requestID: ids.request, closes: closes)
        closes = closes || framing == .untilClose
        client.write(.head(HTTPResponseHead(version: .http1_1, status: head.status, headers: headers)))
    }

    func upstreamBody(_ bytes: ByteBuffer) {
        guard case .open = phase else { return }
        progress = .now()
        sent += Int64(bytes.readableBytes)
        client.write(.body(.byteBuffer(bytes)))
    }

    /// What came goes on at once, so that events are not held back; more is read when the client takes it.
    func upstreamReadComplete() {
        guard case .open(let upstream) = phase else { return }
        client.flush()
        if client.isWritable { upstream.read() }
    }

    func clientDrained() {
        progress = .now()
        if case .open(let upstream) = phase { upstream.read() }
    }

    func upstreamEnd() {
        guard case .open(let upstream) = phase, let answer else { return }
        if answer.status == .switchingProtocols { return tunnel(upstream) }
        phase = .over
        client.write(.end(nil))
        // Half a request is still to come on it, or the end of the answer was the end of the connection.
        upstream.end(isReusable: attempt.isWhole && answer.isKeepAlive && Self.isFramed(answer, head))
        settle(.success)
        record(status: Int(answer.status.code), isComplete: true)
        client.exchangeEnded(closes: closes, hasWholeRequest: hasWholeRequest)
    }

    private static func isFramed(_ answer: HTTPResponseHead, _ request: HTTPRequestHead) -> Bool {
        request.method == .HEAD || answer.status == .noContent || answer.status == .notModified
            || answer.headers.contains(name: "content-length")
            || answer.headers.contains(name: "transfer-encoding")
    }

    func upstreamClosed() { fail(.cut, .badGateway, code: "cut") }
}
