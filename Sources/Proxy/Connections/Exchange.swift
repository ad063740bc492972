import Kernel
import NIOCore
import NIOHTTP1
import Resilience

/// One request and its answer: chooses an instance, streams both ways, and asks another where that is safe.
///
/// Used on its lane's loop alone. Whatever happens, `settle` and `record` are
/// called once for each instance chosen and for the request.
final class Exchange {
    enum Phase {
        /// No connection to an instance yet.
        case connecting
        case open(UpstreamHandler)
        case over
    }

    let client: ClientHandler
    let head: HTTPRequestHead
    let lane: Lane
    let ids: RequestIDs
    let started = ContinuousClock.now
    var phase = Phase.connecting
    var checked: CheckedRequest?
    var rule: RouteRule?
    var forwarded: HTTPRequestHead?
    var key: UInt64 = 0

    var choice: Fleet.Choice?
    var tried: Set<String> = []
    var attempt: FailedAttempt
    var asker: (pool: UpstreamPool, number: Int)?
    var lastRejection: Rejection?
    var lastInstance: String?

    var replay = ReplayBuffer(limit: 0)
    var hasContinued = false
    var hasWholeRequest = false
    var received: Int64 = 0
    var sent: Int64 = 0

    var answer: HTTPResponseHead?
    var closes = false
    var sentAt = ContinuousClock.now
    var wholeAt: NIODeadline?
    var progress = NIODeadline.now()

    init(client: ClientHandler, head: HTTPRequestHead) {
        self.client = client
        self.head = head
        lane = client.lane
        ids = RequestIDs(head.headers)
        attempt = FailedAttempt(cause: .notConnected, method: head.method)
        attempt.number = 0
    }

    var proxy: ProxyContext { lane.proxy }

    var isOver: Bool {
        if case .over = phase { return true }
        return false
    }

    /// Whether the next part of the request can be passed on.
    var wantsBody: Bool {
        if case .open(let upstream) = phase { return upstream.isWritable }
        return false
    }
}

// MARK: - The way to an instance

extension Exchange {
    func start() {
        do {
            let checked = try proxy.check.check(head)
            self.checked = checked
            guard let rule = proxy.routes.rule(target: checked.target, headers: head.headers) else {
                return reject(.notFound)
            }
            self.rule = rule
            prepare(checked)
            tryNext()
        } catch {
            reject(error)
        }
    }

    private func prepare(_ checked: CheckedRequest) {
        let address = client.address
        let peer = ForwardedHeaders.Peer(
            address: address, isTrusted: proxy.settings.trusts(address))
        let headers = proxy.headers.request(head.headers, checked, from: peer, ids: ids)
        forwarded = HTTPRequestHead(
            version: .http1_1, method: head.method, uri: checked.target, headers: headers)
        key = StableHash.of(address)
        attempt.hasBody = checked.body != .none
        attempt.hasIdempotencyKey = head.headers.contains(name: "Idempotency-Key")
        let isRepeatable = attempt.hasIdempotencyKey || RetryRule.isIdempotent(head.method)
        replay = ReplayBuffer(limit: isRepeatable ? proxy.settings.limits.replayBytes : 0)
    }

    private func tryNext(fresh: Bool = false) {
        guard let rule else { return }
        attempt.number += 1
        phase = .connecting
        guard
            let choice = proxy.fleet.choose(
                rule, key: key, excluding: tried, isFirst: attempt.number == 1)
        else { return reject(lastRejection ?? .noInstance) }
        self.choice = choice
        let pool = lane.pool(of: choice.instance)
        var answered = false
        let number = pool.acquire(fresh: fresh) { [weak self] result in
            answered = true
            self?.asker = nil
            self?.acquired(result)
        }
        if !answered { asker = (pool, number) }
    }

    private func acquired(_ result: Result<UpstreamHandler, UpstreamPool.Refusal>) {
        guard case .connecting = phase else {
            if case .success(let upstream) = result { upstream.end(isReusable: true) }
            return
        }
        switch result {
        case .success(let upstream): open(upstream)
        case .failure(.crowded):
            settle(.ignored)
            lastRejection = .overloaded
            again(.notConnected)
        case .failure(.notConnected):
            settle(.failure, code: "not_connected")
            lastRejection = .badGateway
            again(.notConnected)
        }
    }

    private func open(_ upstream: UpstreamHandler) {
        guard let forwarded, let checked else { return }
        phase = .open(upstream)
        attempt.sentBytes = 0
        attempt.isWhole = false
        wholeAt = nil
        progress = .now()
        sentAt = .now
        upstream.begin(self, forwarded)
        for bytes in replay.buffers { send(bytes, to: upstream) }
        if checked.body == .none || hasWholeRequest { sendEnd(to: upstream) }
        upstream.flush()
        upstream.read()
        if checked.expectsContinue, !hasContinued, checked.body != .none { sendContinue() }
        takeMore()
    }

    /// Only now, so that a body comes when there is somebody to take it.
    private func sendContinue() {
        hasContinued = true
        client.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
        client.flush()
    }

    /// The attempt failed: another, or an end.
    func again(_ cause: FailedAttempt.Cause, fresh: Bool = false) {
        attempt.cause = cause
        attempt.isKept = replay.isComplete
        attempt.hasAnswerBegun = answer != nil
        guard let rule, RetryRule(maximumAttempts: proxy.settings.maximumAttempts).allows(attempt),
            proxy.fleet.withdrawRetry(rule.role)
        else { return reject(lastRejection ?? .badGateway) }
        proxy.observer.event(.retried(role: rule.role))
        tryNext(fresh: fresh)
    }

    /// Tells the fleet what came of its choice, once.
    func settle(_ outcome: Breaker.Outcome, code: String? = nil, excludes: Bool = true) {
        guard let choice else { return }
        self.choice = nil
        if excludes { tried.insert(choice.instance.id) }
        lastInstance = choice.instance.id
        proxy.fleet.finish(choice, outcome)
        if let code {
            proxy.observer.event(
                .failed(role: choice.instance.role, instance: choice.instance.id, code: code))
        }
    }
}
