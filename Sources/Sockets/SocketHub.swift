import Chat
import Kernel
package import NIOCore
import NIOWebSocket
import Synchronization

/// All live sockets of a process, and the way to them.
package final class SocketHub: Sendable {
    private struct LaneEntrance {
        let lane: NIOLoopBound<SocketLane>
        var inbox: [SocketNews] = []
    }

    private struct State {
        var lanes: [LaneEntrance] = []
        var byLoop: [ObjectIdentifier: Int] = [:]
        /// Lanes with a listener, by room.
        var listeners: [RoomKey: Set<Int>] = [:]
        var isDraining = false
    }

    package let settings: SocketSettings
    package let desk: SocketDesk
    package let meter = SocketMeter()
    private let state = Mutex(State())

    package init(settings: SocketSettings, desk: SocketDesk) {
        self.settings = settings
        self.desk = desk
    }

    /// What makes of a channel of `loop`, which has just become a WebSocket's, a live connection. On that event loop.
    /// `token` is what the upgrade showed.
    package func handlers(on loop: any EventLoop, token: String?) -> [any ChannelHandler] {
        [
            ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: settings.messageBytes)),
            ChatSocket(lane: lane(of: loop), token: token),
        ]
    }

    private func lane(of loop: any EventLoop) -> SocketLane {
        loop.preconditionInEventLoop()
        return state.withLock { state in
            if let index = state.byLoop[ObjectIdentifier(loop)] { return state.lanes[index].lane }
            let index = state.lanes.count
            let lane = NIOLoopBound(SocketLane(loop: loop, hub: self, index: index), eventLoop: loop)
            state.lanes.append(LaneEntrance(lane: lane))
            state.byLoop[ObjectIdentifier(loop)] = index
            return lane
        }.value
    }

    func listens(_ lane: Int, to room: RoomKey, _ does: Bool) {
        state.withLock { state in
            if does {
                state.listeners[room, default: []].insert(lane)
            } else {
                state.listeners[room]?.remove(lane)
                if state.listeners[room]?.isEmpty == true { state.listeners[room] = nil }
            }
        }
    }

    /// In the order of calls, wherever somebody listens.
    package func tell(_ news: SocketNews) {
        let woken = state.withLock { state -> [NIOLoopBound<SocketLane>] in
            if case .drain = news { state.isDraining = true }
            var woken: [NIOLoopBound<SocketLane>] = []
            for index in Self.lanes(for: news, state) {
                // Entries that are left out are found missing and read.
                guard state.lanes[index].inbox.count < settings.backlog else { continue }
                if state.lanes[index].inbox.isEmpty { woken.append(state.lanes[index].lane) }
                state.lanes[index].inbox.append(news)
            }
            return woken
        }
        for lane in woken {
            lane.eventLoop.execute { self.empty(lane.value) }
        }
    }

    private static func lanes(for news: SocketNews, _ state: borrowing State) -> [Int] {
        switch news {
        case .entries(let room, _), .frame(let room, _, _), .removal(let room, _, _):
            Array(state.listeners[room] ?? [])
        case .sessionEnded, .drain: Array(state.lanes.indices)
        }
    }

    private func empty(_ lane: SocketLane) {
        let news = state.withLock { state in
            let news = state.lanes[lane.index].inbox
            state.lanes[lane.index].inbox = []
            return news
        }
        lane.take(news)
    }

    /// Tells all to come back elsewhere and closes them within `span`; then takes none.
    package func drain(afterSeconds: Int, within span: Duration) {
        tell(.drain(afterSeconds: afterSeconds, within: span))
    }

    package var isDraining: Bool { state.withLock { $0.isDraining } }
}

/// Counts of a hub, read by whoever measures.
package final class SocketMeter: Sendable {
    package struct Reading: Sendable, Equatable {
        package var connections = 0
        package var opened = 0
        package var deliveries = 0
        package var gaps = 0
        package var slowCloses = 0

        package init() {}
    }

    private let connectionCount = Atomic(0)
    private let openedCount = Atomic(0)
    private let deliveryCount = Atomic(0)
    private let gapCount = Atomic(0)
    private let slowCount = Atomic(0)

    func opened() {
        connectionCount.add(1, ordering: .relaxed)
        openedCount.add(1, ordering: .relaxed)
    }

    func closed() { connectionCount.subtract(1, ordering: .relaxed) }
    func delivered(_ count: Int) { deliveryCount.add(count, ordering: .relaxed) }
    func gap() { gapCount.add(1, ordering: .relaxed) }
    func slow() { slowCount.add(1, ordering: .relaxed) }

    package var reading: Reading {
        var reading = Reading()
        reading.connections = connectionCount.load(ordering: .relaxed)
        reading.opened = openedCount.load(ordering: .relaxed)
        reading.deliveries = deliveryCount.load(ordering: .relaxed)
        reading.gaps = gapCount.load(ordering: .relaxed)
        reading.slowCloses = slowCount.load(ordering: .relaxed)
        return reading
    }
}
