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
        /// Up to where entries were left out since the inbox was full.
        var missed: [RoomKey: Int64] = [:]

        /// False for what finds no place; entries among it are read from the store. Of news that nobody tells again,
        /// there is none too many.
        mutating func take(_ news: SocketNews, backlog: Int) -> Bool {
            switch news {
            case .entries(let room, let entries) where inbox.count >= backlog:
                missed[room] = max(missed[room] ?? 0, entries.last?.seq ?? 0)
                return false
            case .frame where inbox.count >= backlog: return false
            case .entries, .frame, .removal, .sessionEnded, .drain:
                inbox.append(news)
                return true
            }
        }
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
                let isIdle = state.lanes[index].inbox.isEmpty
                if state.lanes[index].take(news, backlog: settings.backlog), isIdle {
                    woken.append(state.lanes[index].lane)
                }
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
        let (news, missed) = state.withLock { state in
            let entrance = state.lanes[lane.index]
            state.lanes[lane.index].inbox = []
            state.lanes[lane.index].missed = [:]
            return (entrance.inbox, entrance.missed)
        }
        lane.take(news)
        for (room, last) in missed { lane.missed(upTo: last, in: room) }
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
