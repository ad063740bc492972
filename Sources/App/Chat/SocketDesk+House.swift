import Chat
import Identity
import Kernel
import Profiles
import Sockets
import Synchronization

/// Feeds tell the hub, whose desk asks the feeds: one of them comes first.
final class HubEntrance: Sendable {
    private let hub = Mutex<SocketHub?>(nil)

    func open(_ hub: SocketHub) { self.hub.withLock { $0 = hub } }

    func tell(_ news: SocketNews) { hub.withLock { $0 }?.tell(news) }
}

extension SocketDesk {
    init(_ house: LiveChat.House, _ feeds: RoomFeeds, _ deadline: Duration) {
        let (authenticator, rooms, notices) = (
            house.authenticator, house.domain.rooms, house.domain.roomNotices
        )
        let (accounts, positions) = (house.domain.accounts, house.backend.sessionPositions)
        /// A request that comes right behind finds what was written, or read.
        @Sendable func written<Value: Sendable>(
            by caller: Caller, _ body: @escaping @Sendable () async throws -> Value
        ) async throws -> Value {
            try await withDeadline(deadline) {
                guard let positions else { return try await body() }
                return try await positions.following(caller, body)
            }
        }
        self.init(
            authenticate: { token in
                try await withDeadline(deadline) {
                    let identity = try await authenticator.authenticate(token.map { "Bearer " + $0 })
                    try identity.caller.require(.readChat)
                    return (
                        ChatIdentity(caller: identity.caller, session: identity.claims.session.uuid),
                        identity.claims.expiresAt - .now()
                    )
                }
            },
            current: { sessions, tenant in
                try await accounts.current(sessions.map { SessionID($0) }, in: tenant)
                    .reduce(into: [:]) { $0[$1.key.uuid] = $1.value }
            },
            open: { key, caller in
                // Whoever is told where the room stands, and asks for what stands before, must find it.
                let seen = try await written(by: caller) { try await feeds.prepare(key, caller) }
                // What is counted is counted for the caller alone: no deadline lies between.
                let last = try await feeds.enter(key, caller)
                guard last > seen, positions != nil else { return last }
                do {
                    _ = try await written(by: caller) { try await rooms.canRead(key.room, caller) }
                } catch {
                    await feeds.release(key, caller.user)
                    throw error
                }
                return last
            },
            release: { key, user in await feeds.release(key, user) },
            entries: { key, after in
                try await withDeadline(deadline) { try await feeds.entries(key, after: after) }
            },
            presence: { key in await feeds.presence(key) },
            send: { draft, caller in
                let sent = try await written(by: caller) {
                    try await rooms.send(
                        MessageDraft(body: draft.body, parentID: draft.parent, clientID: draft.clientID),
                        to: draft.room, by: caller)
                }
                let message = sent.message
                return ServerFrame.Receipt(
                    clientID: message.clientID, room: message.roomID, seq: message.seq, id: message.id)
            },
            typing: { key, user in await notices.tell(.typing(user: user), to: key.room, in: key.tenant) },
            markRead: { key, seq, caller in
                _ = try await written(by: caller) {
                    try await rooms.markRead(key.room, upTo: seq, by: caller)
                }
            })
    }
}

extension RoomSource {
    init(_ domain: Domain, _ backend: Backend) {
        self.init(rooms: domain.rooms, notices: domain.roomNotices) { tenant, ids in
            try await backend.chat.read(tenant) { try $0.rooms(ids) }
        }
    }
}

extension SocketSettings {
    init(_ chat: ChatSettings) {
        self.init()
        session.helloDeadline = chat.helloDeadline
        session.idle = chat.idleTimeout
        session.heartbeat = chat.idleTimeout / 3
        session.framesPerSecond = chat.framesPerSecond
        session.frameBurst = chat.framesPerSecond * 10
        session.rooms = chat.maximumRoomsPerConnection
        session.replay = Int64(chat.replayLimit)
        messageBytes = chat.maximumFrameBytes.asInt
        outboxBytes = chat.outboxBytes.asInt
    }
}
