import Kernel
import NIOCore
import NIOHTTP1
import NIOPosix

/// The connections of one event loop to one instance, as `ConnectionPool` decides. Used on that loop alone.
final class UpstreamPool {
    enum Refusal: Error {
        /// All are busy, and too many wait already or for too long.
        case crowded
        case notConnected
    }

    typealias Answer = (Result<UpstreamHandler, Refusal>) -> Void

    private struct Asker {
        let answer: Answer
        let since: NIODeadline
    }

    private static let memory = TimeAmount.seconds(60)

    let address: Instance.Address
    private unowned let lane: Lane
    private var pool: ConnectionPool
    private var handlers: [Int: UpstreamHandler] = [:]
    private var askers: [Int: Asker] = [:]
    private var nextNumber = 0
    private var lastUse = NIODeadline.now()

    init(address: Instance.Address, lane: Lane) {
        self.address = address
        self.lane = lane
        let limits = lane.proxy.settings.limits
        let threads = lane.proxy.settings.threads
        pool = ConnectionPool(
            limit: (limits.connectionsPerInstance + threads - 1) / threads,
            maximumWaiting: (limits.waitingPerInstance + threads - 1) / threads)
    }

    /// Answers at once if a connection is idle. The number is for `giveUp`.
    func acquire(fresh: Bool, _ answer: @escaping Answer) -> Int {
        nextNumber += 1
        let asker = nextNumber
        lastUse = .now()
        switch pool.acquire(asker, fresh: fresh) {
        case .refuse: answer(.failure(.crowded))
        case .wait: askers[asker] = Asker(answer: answer, since: lastUse)
        case .open:
            askers[asker] = Asker(answer: answer, since: lastUse)
            open(for: asker)
        case .use(let number):
            if let handler = handlers[number] {
                answer(.success(handler))
            } else {
                answer(.failure(.notConnected))
            }
        }
        return asker
    }

    /// Its answer is no longer wanted.
    func giveUp(_ asker: Int) {
        _ = pool.giveUp(asker)
        askers[asker] = nil
    }

    /// `handler` has served and can serve again.
    func release(_ handler: UpstreamHandler) {
        lastUse = .now()
        switch pool.release(handler.number) {
        case .keep: handler.rest()
        case .hand(let asker): give(handler, to: asker)
        }
    }

    /// `handler` has ended, or is a tunnel from now on and counts no more.
    func forget(_ handler: UpstreamHandler) {
        guard handlers.removeValue(forKey: handler.number) != nil else { return }
        openNext(after: pool.closed(handler.number))
    }

    func tick(_ now: NIODeadline) {
        let times = lane.proxy.settings.times
        for number in pool.idle {
            guard let handler = handlers[number], now - handler.idleSince > times.upstreamKeepAlive.timeAmount
            else { continue }
            handler.close()
        }
        for asker in pool.waiting {
            guard let waiting = askers[asker], now - waiting.since > times.connection.timeAmount else {
                continue
            }
            giveUp(asker)
            waiting.answer(.failure(.crowded))
        }
    }

    func isUnused(at now: NIODeadline) -> Bool {
        pool.count == 0 && askers.isEmpty && now - lastUse > Self.memory
    }

    func close() {
        for handler in Array(handlers.values) { handler.close() }
    }

    private func give(_ handler: UpstreamHandler, to asker: Int) {
        guard let waiting = askers.removeValue(forKey: asker) else { return release(handler) }
        waiting.answer(.success(handler))
    }

    private func open(for asker: Int) {
        nextNumber += 1
        let number = nextNumber
        connect(number).assumeIsolated().whenComplete { [weak self] result in
            guard let self else { return }
            do {
                let channel = try result.get()
                let handler = try channel.pipeline.syncOperations.handler(type: UpstreamHandler.self)
                handler.pool = self
                self.handlers[number] = handler
                // It may have ended between the two.
                guard channel.isActive else { return self.fail(asker, handler) }
                self.give(handler, to: asker)
            } catch {
                self.fail(asker, nil)
            }
        }
    }

    private func fail(_ asker: Int, _ handler: UpstreamHandler?) {
        let waiting = askers.removeValue(forKey: asker)
        if let handler { handlers[handler.number] = nil }
        openNext(after: pool.closed(handler?.number))
        waiting?.answer(.failure(.notConnected))
    }

    private func openNext(after asker: Int?) {
        guard let asker else { return }
        open(for: asker)
    }

    private func connect(_ number: Int) -> EventLoopFuture<any Channel> {
        let settings = lane.proxy.settings
        let bootstrap = ClientBootstrap(group: lane.loop)
            .connectTimeout(settings.times.connect.timeAmount)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelOption(.writeBufferWaterMark, value: settings.limits.waterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try UpstreamHandler.install(in: channel, number: number, limits: settings.limits)
                }
            }
        if let socket = try? SocketAddress(ipAddress: address.host, port: address.port) {
            return bootstrap.connect(to: socket)
        }
        // Not an IP address, so a name.
        return bootstrap.connect(host: address.host, port: address.port)
    }
}

extension Duration {
    var timeAmount: TimeAmount {
        .nanoseconds(components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000)
    }
}

extension GatewaySettings.Limits {
    var waterMark: ChannelOptions.Types.WriteBufferWaterMark {
        .init(low: bufferBytes / 2, high: bufferBytes)
    }

    var decoding: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = headerBytes
        limits.maxHeaderFieldSize = headerBytes
        limits.maxHeaderFieldCount = headerFields
        return limits
    }
}
