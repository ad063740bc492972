import Foundation
import NIOCore

/// One connection through the proxy: the client's side and the server's. Used on its event loop alone.
final class FaultLink {
    unowned let hub: FaultHub
    private var channels: [any Channel]
    private var pumps: [Fault.Direction: FaultPump] = [:]
    /// Until the server is being called.
    var isNew = true
    private var isOver = false

    init(hub: FaultHub, client: any Channel) {
        self.hub = hub
        channels = [client]
    }

    /// Adds a side, whose bytes go in `direction`.
    func attach(_ channel: any Channel, _ direction: Fault.Direction) {
        guard !isOver else { return Self.reset(channel) }
        let pump = FaultPump(link: self, direction: direction)
        pumps[direction] = pump
        if direction == .toClient { channels.append(channel) }
        do {
            try channel.pipeline.syncOperations.addHandler(pump)
        } catch {
            // The channel closed meanwhile.
            reset()
        }
    }

    /// Both sides are there: bytes may flow.
    func start() {
        guard !isOver, channels.count == 2 else { return }
        pumps[.toServer]?.start(to: channels[1])
        pumps[.toClient]?.start(to: channels[0])
    }

    func proceed() { for pump in pumps.values { pump.proceed() } }

    /// The way back has room again.
    func isWritable(_ direction: Fault.Direction) {
        pumps[direction == .toServer ? .toClient : .toServer]?.proceed()
    }

    /// Ends when both directions have.
    func directionEnded() {
        guard !isOver, pumps.values.allSatisfy(\.isDone) else { return }
        over { $0.close(promise: nil) }
    }

    /// Ends both sides as a broken network does: with RST, losing what is under way.
    func reset() { over(Self.reset) }

    private func over(_ end: (any Channel) -> Void) {
        guard !isOver else { return }
        isOver = true
        for pump in pumps.values { pump.drop() }
        for channel in channels { end(channel) }
        hub.ended(self)
        channels = []
        pumps = [:]
    }

    private static func reset(_ channel: any Channel) {
        if let socket = channel as? any SocketOptionProvider {
            // No waiting for what is unsent: closing then sends RST.
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
                channel.close(promise: nil)
            }
        } else {
            channel.close(promise: nil)
        }
    }
}
