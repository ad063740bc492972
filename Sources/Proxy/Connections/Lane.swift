import Kernel
import NIOCore
import NIOPosix
import Resilience
import Synchronization

/// What all event loops of one gateway share.
struct ProxyContext: Sendable {
    let settings: GatewaySettings
    let routes: RouteTable
    let fleet: FleetGate
    let observer: ProxyObserver
    let clients: ClientCount

    var headers: ForwardedHeaders {
        ForwardedHeaders(scheme: settings.scheme, serviceToken: settings.serviceToken())
    }
    var check: RequestCheck {
        RequestCheck(
            maximumHeaderBytes: settings.limits.headerBytes, maximumBodyBytes: settings.limits.bodyBytes)
    }
}

/// Connections of clients, over all loops.
final class ClientCount: Sendable {
    private let count = Atomic(0)

    var current: Int { count.load(ordering: .relaxed) }

    func enter() -> Int { count.add(1, ordering: .relaxed).newValue }

    func leave() { count.subtract(1, ordering: .relaxed) }
}

/// A connection of a client that the lane looks after.
protocol LaneConnection: AnyObject {
    /// Ends what is late.
    func tick(_ now: NIODeadline)
    func cut()
}

/// One event loop of the gateway: its clients' connections and its connections to instances.
///
/// A request and the connection that answers it live on one loop, so no part of a body changes threads.
/// Unchecked: everything but `loop` and `proxy` is touched on `loop` alone, which each entry from outside asserts.
final class Lane: @unchecked Sendable {
    static let tickInterval = TimeAmount.milliseconds(100)

    let loop: any EventLoop
    let proxy: ProxyContext
    /// Since when it drains.
    private(set) var drainingSince: NIODeadline?
    private var connections: [ObjectIdentifier: any LaneConnection] = [:]
    private var pools: [Instance.Address: UpstreamPool] = [:]
    private var ticker: RepeatedTask?

    init(loop: any EventLoop, proxy: ProxyContext) {
        self.loop = loop
        self.proxy = proxy
    }

    var isDraining: Bool { drainingSince != nil }

    func start() {
        loop.preconditionInEventLoop()
        ticker = loop.scheduleRepeatedTask(initialDelay: Self.tickInterval, delay: Self.tickInterval) {
            [weak self] _ in self?.tick()
        }
    }

    func add(_ connection: any LaneConnection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: any LaneConnection) { connections[ObjectIdentifier(connection)] = nil }

    func pool(of instance: Instance) -> UpstreamPool {
        if let pool = pools[instance.address] { return pool }
        let pool = UpstreamPool(address: instance.address, lane: self)
        pools[instance.address] = pool
        return pool
    }

    private func tick() {
        let now = NIODeadline.now()
        for connection in Array(connections.values) { connection.tick(now) }
        for (address, pool) in pools {
            pool.tick(now)
            // Of an instance that has gone, nothing is kept.
            if pool.isUnused(at: now) { pools[address] = nil }
        }
    }

    /// Each next answer is the last of its connection. Idle ones end when they stay so for `idleGrace`, tunnels when
    /// all ends.
    func drain() {
        loop.preconditionInEventLoop()
        drainingSince = .now()
    }

    /// Ends everything.
    func cut() {
        loop.preconditionInEventLoop()
        ticker?.cancel()
        for connection in Array(connections.values) { connection.cut() }
        for pool in pools.values { pool.close() }
        pools = [:]
    }
}
