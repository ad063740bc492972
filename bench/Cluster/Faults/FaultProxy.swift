import NIOCore
import NIOPosix

/// A TCP proxy on the loopback address that treats what passes as a bad network would; may change while it
/// runs.
///
/// Put between any two that talk by address. It never looks into the bytes.
package final class FaultProxy: Sendable {
    package struct Counts: Sendable, Equatable {
        /// Connections taken, among them those that were then refused.
        package var accepted = 0
        /// Connections reset at once, since the way was cut or nobody listened behind it.
        package var refused = 0
        package var open = 0
        /// Passed on, per direction.
        package var bytesToServer = 0
        package var bytesToClient = 0
    }

    package let port: Int
    private let loop: any EventLoop
    private let listener: any Channel
    /// Confined to `loop`, as are all channels of the proxy.
    private let hub: NIOLoopBound<FaultHub>

    private init(port: Int, listener: any Channel, hub: NIOLoopBound<FaultHub>) {
        self.port = port
        self.listener = listener
        self.hub = hub
        loop = listener.eventLoop
    }

    /// Listens on `port`, or one that is free, and passes connections on to `target` of `host`.
    package static func start(to target: Int, host: String = "127.0.0.1", port: Int? = nil) async throws
        -> FaultProxy
    {
        let port = try port ?? PortChoice.takeOne()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let hub = try await loop.submit {
            NIOLoopBound(FaultHub(loop: loop, host: host, port: target), eventLoop: loop)
        }
        .get()
        let listener = try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { hub.value.accept(channel) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return FaultProxy(port: port, listener: listener, hub: hub)
    }

    /// From now on; chunks on their way keep the time they were given, unless stalled.
    package func set(_ fault: Fault, _ directions: Set<Fault.Direction> = [.toServer, .toClient]) async throws
    {
        try await onLoop { hub in hub.set(fault, directions) }
    }

    /// Resets all connections, and every new one, until `heal`.
    package func cut() async throws { try await onLoop { $0.cut() } }

    /// Resets the connections there are; new ones get through.
    package func resetConnections() async throws { try await onLoop { $0.resetAll() } }

    /// Removes every fault. What was stalled goes on.
    package func heal() async throws { try await onLoop { $0.heal() } }

    /// Another server behind the same port, for new connections.
    package func retarget(to target: Int) async throws { try await onLoop { $0.port = target } }

    package var counts: Counts {
        get async throws { try await onLoop { $0.counts } }
    }

    /// Closes the port, and resets what is open.
    package func stop() async throws {
        try await listener.close()
        try await onLoop { $0.resetAll() }
    }

    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (FaultHub) -> Value) async throws
        -> Value
    {
        try await loop.submit { [hub] in body(hub.value) }.get()
    }
}
