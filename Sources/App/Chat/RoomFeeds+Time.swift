import Chat
import Kernel
import Logging
import Sockets

/// What feeds do by the clock, until cancelled.
extension RoomFeeds {
    /// Apart, so that a store that does not answer holds up neither holes nor presence.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await self.keepTime() }
            group.addTask { await self.each(self.settings.sweep) { await self.sweep() } }
            group.addTask { await self.each(self.settings.access) { await self.checkAccess() } }
        }
    }

    nonisolated private func each(_ period: Duration, _ body: () async -> Void) async {
        while !Task.isCancelled {
            // A cancelled sleep throws; the loop's condition then ends it.
            try? await Task.sleep(for: period)
            if !Task.isCancelled { await body() }
        }
    }

    private func keepTime() async {
        var (presentAt, toldAt) = (now, now)
        while !Task.isCancelled {
            // A cancelled sleep throws; the loop's condition then ends it.
            try? await Task.sleep(for: settings.tick)
            let time = now
            fillHoles(time)
            if time - toldAt >= settings.coalesce {
                toldAt = time
                tellPresence(time)
                forgetEmpty(time)
            }
            if time - presentAt >= settings.presence {
                presentAt = time
                for key in Array(feeds.keys) { feeds[key]?.mustAnnounce = true }
            }
        }
    }

    private func fillHoles(_ time: Duration) {
        for key in holed {
            guard var feed = feeds[key] else { continue }
            act(feed.sequence.due(at: time), key)
            feeds[key] = feed
        }
    }

    /// Asks the store where the rooms stand: hints may be lost, and this finds what they would have told.
    private func sweep() async {
        for (tenant, keys) in Dictionary(grouping: feeds.keys, by: \.tenant) {
            for start in stride(from: 0, to: keys.count, by: settings.roomsPerLook) {
                let rooms = keys[start..<min(start + settings.roomsPerLook, keys.count)].map(\.room)
                await look(at: rooms, of: tenant)
            }
        }
    }

    func look(at rooms: [RoomID], of tenant: TenantID) async {
        let heads: [RoomID: Int64]
        do {
            heads = try await source.rooms.lastSeqs(of: rooms, in: tenant)
        } catch {
            logger.debug("rooms not looked at", metadata: ["error": "\(error)"])
            return
        }
        for (room, last) in heads { stands(RoomKey(tenant: tenant, room: room), at: last) }
    }

    private func stands(_ key: RoomKey, at last: Int64) {
        guard var feed = feeds[key] else { return }
        act(feed.sequence.told(last, at: now), key)
        note(feed.sequence, key)
        feeds[key] = feed
    }

    /// While nobody listened, entries may have come and people may have gone.
    func look(anewAt key: RoomKey) async {
        // Where it cannot be asked now, the looks by the clock find it.
        guard let room = try? await source.look(key.tenant, [key.room]).first else { return }
        stands(key, at: room.lastSeq)
        checkAccess(to: room, key)
    }

    /// Somebody may have left a private room, or one may have been closed, without a hint that came.
    private func checkAccess() async {
        for (tenant, keys) in Dictionary(grouping: feeds.keys, by: \.tenant) {
            for start in stride(from: 0, to: keys.count, by: settings.roomsPerLook) {
                let ids = keys[start..<min(start + settings.roomsPerLook, keys.count)].map(\.room)
                // Whoever cannot be asked now is asked again.
                guard let rooms = try? await source.look(tenant, ids) else { continue }
                for room in rooms { checkAccess(to: room, RoomKey(tenant: tenant, room: room.id)) }
            }
        }
    }

    private func checkAccess(to room: Room, _ key: RoomKey) {
        if room.isClosed { return take(.closed, of: key) }
        let gone = feeds[key]?.presence.localUsers.filter { !room.isVisible(to: $0) } ?? []
        if !gone.isEmpty { take(.left(gone), of: key) }
    }

    private func tellPresence(_ time: Duration) {
        for (key, feed) in feeds {
            var feed = feed
            if feed.presence.expire(at: time) { feed.mustTellPresence = true }
            if feed.mustTellPresence {
                let all = feed.presence.all
                frame(.presence(key.room, users: all.users, count: all.count), key)
            }
            if feed.mustAnnounce { announce(feed.presence.own, key) }
            feed.mustTellPresence = false
            feed.mustAnnounce = false
            feeds[key] = feed
        }
    }

    private func announce(_ roster: RoomPresence.Roster, _ key: RoomKey) {
        let (notices, node) = (source.notices, node)
        Task {
            await notices.tell(
                .present(node: node, users: roster.users, count: roster.count), to: key.room, in: key.tenant)
        }
    }

    private func forgetEmpty(_ time: Duration) {
        for (key, feed) in feeds {
            guard let since = feed.emptySince, time - since >= settings.grace else { continue }
            forget(key)
        }
    }
}
