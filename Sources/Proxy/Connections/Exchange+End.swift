import Kernel
import NIOCore
import NIOHTTP1
import Resilience

/// All ways in which an exchange ends other than well.
extension Exchange {
    /// The gateway answers itself; or breaks off, if the instance's answer has begun.
    func reject(_ rejection: Rejection) {
        guard !isOver else { return }
        guard answer == nil else { return breakOff() }
        leaveInstance(.ignored)
        phase = .over
        let isAllHere = hasWholeRequest || checked?.body == CheckedRequest.Body.none
        let closes = checked?.isLast != false || lane.isDraining || !isAllHere
        proxy.observer.event(.rejected(code: rejection.code))
        client.write(problem: rejection, requestID: ids.request, closes: closes, isHead: head.method == .HEAD)
        record(status: Int(rejection.status.code), isComplete: true)
        client.exchangeEnded(closes: closes, hasWholeRequest: hasWholeRequest)
    }

    /// The instance let the request down.
    func fail(_ cause: FailedAttempt.Cause, _ rejection: Rejection, code: String) {
        guard case .open(let upstream) = phase else { return }
        // One that has served before may have been closed by the instance in the same moment: then it is alive,
        // and may be asked again on a new connection.
        let mayBeStale = upstream.hasServed && cause == .cut && answer == nil
        upstream.close()
        settle(.failure, code: code, excludes: !mayBeStale)
        lastRejection = rejection
        guard answer == nil else { return breakOff() }
        phase = .connecting
        again(cause, fresh: mayBeStale)
    }

    /// Half an answer cannot be mended: the client sees the connection end.
    private func breakOff() {
        leaveInstance(.ignored)
        phase = .over
        record(status: Int(answer?.status.code ?? 502), isComplete: false)
        client.abort()
    }

    func clientGone() {
        guard !isOver else { return }
        leaveInstance(.ignored)
        phase = .over
        record(status: Int(answer?.status.code ?? 499), isComplete: false)
    }

    func tick(_ now: NIODeadline) {
        guard case .open(let upstream) = phase else { return }
        let times = proxy.settings.times
        if answer == nil, let wholeAt {
            guard now - wholeAt > times.responseHead.timeAmount else { return }
            return fail(.late, .gatewayTimeout, code: "late")
        }
        guard now - progress > times.idle.timeAmount else { return }
        if answer != nil {
            // Whoever is waited for is the one who stalls.
            settle(client.isWritable ? .failure : .ignored, code: client.isWritable ? "late" : nil)
            breakOff()
        } else if upstream.isWritable {
            reject(.requestTimeout)
        } else {
            fail(.late, .gatewayTimeout, code: "late")
        }
    }

    private func leaveInstance(_ outcome: Breaker.Outcome) {
        if case .open(let upstream) = phase { upstream.close() }
        if let asker { asker.pool.giveUp(asker.number) }
        asker = nil
        settle(outcome)
    }

    func record(status: Int, isComplete: Bool) {
        proxy.observer.access(
            AccessRecord(
                method: head.method.rawValue, route: rule?.name, instance: lastInstance, status: status,
                attempts: attempt.number, bytesReceived: received, bytesSent: sent,
                duration: ContinuousClock.now - started, requestID: ids.request, traceParent: ids.trace,
                client: client.address, isComplete: isComplete))
    }
}

// MARK: - Upgrades

extension Exchange {
    /// The instance agrees; its word goes on as it is.
    func switchProtocols(_ head: HTTPResponseHead) {
        var headers = HTTPHeaders()
        for (name, value) in head.headers {
            switch HeaderKind(name) {
            case .connection, .upgrade, .contentLength, .transferEncoding: continue
            default: headers.add(name: name, value: value)
            }
        }
        headers.add(name: "Connection", value: "Upgrade")
        headers.add(name: "Upgrade", value: checked?.upgrade ?? "websocket")
        client.write(
            .head(HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)))
        client.flush()
    }

    /// From here on bytes are bytes. The instance stays chosen until the end, since the work goes on.
    func tunnel(_ upstream: UpstreamHandler) {
        guard let inner = upstream.channel, let outer = client.channel else { return }
        phase = .over
        upstream.detach()
        client.detach()
        let tunnel = Tunnel(lane: lane, outer: outer, inner: inner) { received, sent in
            self.received = received
            self.sent = sent
            self.settle(.success)
            self.record(status: 101, isComplete: true)
            self.proxy.clients.leave()
        }
        tunnel.start()
    }
}
