package import Kernel
package import Logging
import NIOCore
import NIOPosix
package import Resilience
import ServiceLifecycle
import Synchronization

/// The gateway: takes requests at one address and has live instances answer them.
package final class ReverseProxy: Service {
    private let settings: GatewaySettings
    private let routes: RouteTable
    private let directory: any InstanceDirectory
    private let observer: ProxyObserver
    private let fleet: FleetGate
    private let clients = ClientCount()
    private let time: TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var port: Int?
        var isDraining = false
    }

    package init(
        _ settings: GatewaySettings, routes: [RouteRule], directory: any InstanceDirectory,
        observer: ProxyObserver = .init(), time: TimeSource = .system, logger: Logger
    ) {
        self.settings = settings
        self.routes = RouteTable(routes)
        self.directory = directory
        self.observer = observer
        self.time = time
        self.logger = logger
        var fleetSettings = settings.fleet
        fleetSettings.health.isProbed = settings.probe.interval > .zero
        fleet = FleetGate(fleetSettings, time: time, observe: observer.event)
    }

    /// Where it listens; nil until it does.
    package var port: Int? { state.withLock { $0.port } }

    /// Takes no new work; for the process's own `/readyz`.
    package var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Connections of clients, tunnels too.
    package var clientCount: Int { clients.current }

    /// All instances of all roles that it routes to.
    package var instances: [InstanceStatus] { routes.roles.sorted().flatMap(fleet.status) }

    /// Until graceful shutdown, then until the last request has ended or the drain deadline is over.
    package func run() async throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        do {
            try await serve(on: loops)
        } catch {
            try await loops.shutdownGracefully()
            throw error
        }
        try await loops.shutdownGracefully()
    }

    private func serve(on loops: MultiThreadedEventLoopGroup) async throws {
        let proxy = ProxyContext(
            settings: settings, routes: routes, fleet: fleet, observer: observer, clients: clients)
        let lanes = loops.makeIterator().map { Lane(loop: $0, proxy: proxy) }
        for lane in lanes { try await lane.loop.submit { lane.start() }.get() }
        for role in routes.roles { await refresh(role) }
        let entrance = try await open(on: loops, lanes)
        state.withLock { $0.port = entrance.port }
        logger.info("gateway listens", metadata: ["port": "\(entrance.port)"])
        await withTaskGroup(of: Void.self) { group in
            for role in routes.roles { group.addTask { await self.follow(role) } }
            group.addTask { await self.probe(on: loops) }
            await drain(entrance, lanes)
            group.cancelAll()
        }
        for lane in lanes { try await lane.loop.submit { lane.cut() }.get() }
    }

    private struct Entrance {
        let port: Int
        let close: () async -> Void
    }

    private func open(on loops: MultiThreadedEventLoopGroup, _ lanes: [Lane]) async throws -> Entrance {
        if let shared = settings.listener {
            let port = shared.port
            let entrance = SharedEntrance(shared, lanes, settings.limits)
            return Entrance(port: port) { await entrance.close() }
        }
        let listener = try await listen(on: loops, lanes)
        return Entrance(port: listener.localAddress?.port ?? 0) {
            // One that is closed already is what is wanted.
            try? await listener.close().get()
        }
    }

    private func listen(on loops: MultiThreadedEventLoopGroup, _ lanes: [Lane]) async throws -> any Channel {
        let byLoop = Dictionary(uniqueKeysWithValues: lanes.map { (ObjectIdentifier($0.loop), $0) })
        return try await ServerBootstrap(group: loops)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.writeBufferWaterMark, value: settings.limits.waterMark)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let lane = byLoop[ObjectIdentifier(channel.eventLoop)] else {
                        throw Failure(.internal, "internal", "A connection came on a loop without a lane.")
                    }
                    try ClientHandler.install(in: channel, lane: lane)
                }
            }.bind(host: settings.host, port: settings.port).get()
    }

    /// Waits for the signal, then lets what is under way end. From then on each answer is the last of its connection.
    private func drain(_ entrance: Entrance, _ lanes: [Lane]) async {
        // Without a graceful shutdown, cancellation is the signal; then there is no time for more.
        try? await gracefulShutdown()
        state.withLock { $0.isDraining = true }
        for lane in lanes { lane.loop.execute { lane.drain() } }
        // A wait that is cut short is a drain that is cut short.
        try? await time.sleep(settings.times.lameDuck)
        await entrance.close()
        let end = ContinuousClock.now + settings.times.drain
        while clients.current > 0, ContinuousClock.now < end, !Task.isCancelled {
            // As above.
            try? await Task.sleep(for: .milliseconds(20))
        }
        if clients.current > 0 {
            logger.warning("cut what did not end", metadata: ["connections": "\(clients.current)"])
        }
    }
}

// MARK: - Who is there, and who is well

extension ReverseProxy {
    /// Asks again after each interval, and at each hint.
    private func follow(_ role: String) async {
        let wakeup = Wakeup()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.listen(for: role, wakeup) }
            while !Task.isCancelled {
                let generation = wakeup.generation
                await refresh(role)
                await wakeup.wait(after: generation, atMost: settings.refresh)
            }
            group.cancelAll()
        }
    }

    private func listen(for role: String, _ wakeup: Wakeup) async {
        while !Task.isCancelled {
            do {
                guard let hints = try await directory.changes() else { return }
                for await _ in hints { wakeup.notify() }
                try await Task.sleep(for: settings.refresh)
            } catch {
                // Without hints the interval remains; they are tried again with it.
                try? await Task.sleep(for: settings.refresh)
            }
        }
    }

    /// If the directory cannot tell, those known last stay: probes and failures sort them.
    private func refresh(_ role: String) async {
        do {
            let directory = directory
            let instances = try await withDeadline(.seconds(5), of: "The directory", time: time) {
                try await directory.instances(of: role)
            }
            fleet.update(role, to: instances)
        } catch {
            let failure = Failure.wrapping(error)
            guard failure.kind != .cancelled else { return }
            observer.event(.directoryFailed(role: role, failure.kind))
        }
    }

    private func probe(on loops: any EventLoopGroup) async {
        let interval = settings.probe.interval
        let probe = InstanceProbe(path: settings.probe.path, deadline: settings.probe.deadline, loops: loops)
        while !Task.isCancelled {
            if interval > .zero { await probeAll(probe) } else { fleet.pass(routes.roles) }
            // Cancellation ends the loop above.
            try? await Task.sleep(for: interval > .zero ? interval : .seconds(1))
        }
    }

    private func probeAll(_ probe: InstanceProbe) async {
        let instances = instances.map(\.instance).filter { $0.state == .ready }
        await withTaskGroup(of: Void.self) { group in
            for instance in instances {
                group.addTask {
                    let isReady = await probe.isReady(instance.address)
                    if !Task.isCancelled { self.fleet.probed(instance, success: isReady) }
                }
            }
        }
    }
}
