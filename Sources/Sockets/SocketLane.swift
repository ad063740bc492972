package import Chat
package import Kernel
package import NIOCore

/// What comes to all sockets of an event loop.
package enum SocketNews: Sendable {
    /// Ascending, without a hole within.
    case entries(RoomKey, [SocketEntry])
    /// To everybody in the room, or in a crowded one to the connections of `owner` alone.
    case frame(RoomKey, ByteBuffer, owner: UserID?)
    /// The room is no longer these users' to see; nil for all.
    case removal(RoomKey, Set<UserID>?, Failure)
    case sessionEnded(UUIDv7)
    case drain(afterSeconds: Int, within: Duration)
}

/// The sockets of one event loop; used on that loop alone.
final class SocketLane {
    let loop: any EventLoop
    let hub: SocketHub
    let index: Int
    private var sockets: [ObjectIdentifier: ChatSocket] = [:]
    private var rooms: [RoomKey: RoomSlot] = [:]
    private var drain: (afterSeconds: Int, within: Duration)?
    private var ticking: RepeatedTask?
    private let epoch = NIODeadline.now()

    init(loop: any EventLoop, hub: SocketHub, index: Int) {
        self.loop = loop
        self.hub = hub
        self.index = index
    }

    var settings: SocketSettings { hub.settings }

    /// Since the lane began.
    var now: Duration { .nanoseconds((NIODeadline.now() - epoch).nanoseconds) }

    // MARK: - Sockets

    func add(_ socket: ChatSocket) {
        sockets[ObjectIdentifier(socket)] = socket
        hub.meter.opened()
        if let drain { socket.take(.drain(afterSeconds: drain.afterSeconds, closeIn: .zero)) }
        guard ticking == nil else { return }
        let lane = NIOLoopBound(self, eventLoop: loop)
        let period = TimeAmount(settings.tick)
        // One timer for all connections of the loop.
        ticking = loop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in lane.value.tick() }
    }

    func remove(_ socket: ChatSocket) {
        guard sockets.removeValue(forKey: ObjectIdentifier(socket)) != nil else { return }
        hub.meter.closed()
        guard sockets.isEmpty else { return }
        ticking?.cancel()
        ticking = nil
    }

    private func tick() {
        let now = now
        for socket in Array(sockets.values) { socket.tick(now) }
        recheck(now)
    }

    private func recheck(_ now: Duration) {
        var due: [TenantID: Set<UUIDv7>] = [:]
        for socket in sockets.values where now - socket.checkedAt >= settings.recheck {
            guard let identity = socket.identity else { continue }
            socket.checkedAt = now
            due[identity.caller.tenant, default: []].insert(identity.session)
        }
        for (tenant, sessions) in due {
            let all = Array(sessions)
            for start in stride(from: 0, to: all.count, by: settings.sessionsPerLook) {
                look(at: Set(all[start..<min(start + settings.sessionsPerLook, all.count)]), of: tenant)
            }
        }
    }

    private func look(at sessions: Set<UUIDv7>, of tenant: TenantID) {
        let (me, desk) = (NIOLoopBound(self, eventLoop: loop), hub.desk)
        Task {
            // Whoever cannot be asked now is asked again.
            guard let callers = try? await desk.current(sessions, tenant) else { return }
            me.eventLoop.execute {
                for socket in Array(me.value.sockets.values) {
                    guard let session = socket.identity?.session, sessions.contains(session) else { continue }
                    socket.renew(callers[session])
                }
            }
        }
    }

    // MARK: - Rooms

    func listen(_ socket: ChatSocket, to key: RoomKey) {
        let slot = rooms[key] ?? RoomSlot()
        slot.add(socket)
        if rooms.updateValue(slot, forKey: key) == nil { hub.listens(index, to: key, true) }
    }

    func ignore(_ socket: ChatSocket, _ key: RoomKey) {
        guard let slot = rooms[key] else { return }
        slot.remove(socket)
        guard slot.sockets.isEmpty else { return }
        rooms[key] = nil
        hub.listens(index, to: key, false)
    }

    func slot(_ key: RoomKey) -> RoomSlot? { rooms[key] }

    // MARK: - News

    func take(_ news: [SocketNews]) {
        var index = 0
        while index < news.count {
            guard case .entries(let key, var entries) = news[index] else {
                take(news[index])
                index += 1
                continue
            }
            index += 1
            while index < news.count, case .entries(key, let more) = news[index],
                let last = entries.last?.seq, more.first?.seq == last + 1
            {
                entries += more
                index += 1
            }
            deliver(entries, key)
        }
        // Written above, sent once.
        for socket in touched { socket.flush() }
        touched.removeAll(keepingCapacity: true)
    }

    private var touched: [ChatSocket] = []

    private func take(_ news: SocketNews) {
        switch news {
        case .entries(let key, let entries): deliver(entries, key)
        case .frame(let key, let frame, let owner):
            guard let slot = rooms[key] else { return }
            let isCrowded = slot.sockets.count > settings.smallRoom
            for socket in slot.sockets where owner == nil || !isCrowded || socket.user == owner {
                // It listens before it is known whether it may.
                if socket.session.hears(key.room) { send(frame, to: socket) }
            }
        case .removal(let key, let users, let failure):
            for socket in rooms[key]?.sockets ?? [] where users?.contains(socket.user ?? UserID()) ?? true {
                socket.take(.removed(key.room, failure))
            }
        case .sessionEnded(let session):
            for socket in Array(sockets.values) where socket.identity?.session == session {
                socket.take(.revoked)
            }
        case .drain(let seconds, let span):
            drain = (seconds, span)
            for socket in Array(sockets.values) {
                // Not all at once: they come back elsewhere.
                let share = Double.random(in: 0...1)
                socket.take(.drain(afterSeconds: seconds, closeIn: span * share))
            }
        }
    }

    /// Entries up to `last` were left out.
    func missed(upTo last: Int64, in key: RoomKey) {
        guard let slot = rooms[key] else { return }
        slot.passed(last)
        for socket in slot.sockets { socket.fellBehind(in: key.room) }
    }

    private func deliver(_ entries: [SocketEntry], _ key: RoomKey) {
        guard let slot = rooms[key] else { return }
        for run in SocketRun.cut(entries, mostBytes: settings.runBytes) { deliver(run, in: slot, key) }
    }

    private func deliver(_ run: SocketRun, in slot: RoomSlot, _ key: RoomKey) {
        for entry in run.entries { slot.keep(entry, settings) }
        var delivered = 0
        // A socket that is found too slow leaves the list meanwhile.
        var index = slot.sockets.count - 1
        while index >= 0 {
            if index < slot.sockets.count {
                let socket = slot.sockets[index]
                let count = socket.offer(run, key.room)
                if count > 0 {
                    delivered += count
                    touch(socket)
                }
            }
            index -= 1
        }
        hub.meter.delivered(delivered)
    }

    private func send(_ frame: ByteBuffer, to socket: ChatSocket) {
        socket.send(frame)
        touch(socket)
    }

    private func touch(_ socket: ChatSocket) {
        guard !socket.isTouched else { return }
        socket.isTouched = true
        touched.append(socket)
    }
}
