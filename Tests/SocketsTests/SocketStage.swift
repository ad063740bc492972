import Chat
import Foundation
import Kernel
import NIOCore
import NIOPosix
import Sockets
import Synchronization
import TestSocket
import TestTime

/// A hub behind a real listener, with rooms in memory behind it. Connections are WebSockets from the first byte.
final class SocketStage: Sendable {
    static let tenant = TenantID()
    let hub: SocketHub
    private let server: any Channel
    var port: Int { server.localAddress?.port ?? 0 }

    /// Tokens are `USER` or `USER/SESSION`; "refused" is refused.
    static func with<Value>(
        _ settings: SocketSettings = .init(), _ body: (SocketStage) async throws -> Value
    ) async throws -> Value {
        let stage = try await SocketStage(settings)
        do {
            let value = try await body(stage)
            try await stage.server.close().get()
            return value
        } catch {
            try await stage.server.close().get()
            throw error
        }
    }

    private init(_ settings: SocketSettings) async throws {
        let house = House()
        let hub = SocketHub(settings: settings, desk: house.desk)
        house.hub.withLock { $0 = hub }
        self.house = house
        self.hub = hub
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        hub.handlers(on: channel.eventLoop, token: nil))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    let house: House

    func client() async throws -> SocketClient { try await .open(port: port, upgraded: true) }

    /// Greeted, in `rooms`; the welcome and what follows is still to be read.
    func client(
        as user: UserID = UserID(), in rooms: [RoomID], afterSeq: Int64? = nil
    ) async throws -> SocketClient {
        let client = try await client()
        let places = rooms.map { room in
            #"{"id":"\#(room)"\#(afterSeq.map { ",\"afterSeq\":\($0)" } ?? "")}"#
        }
        try await client.send(
            #"{"type":"hello","token":"\#(user)","rooms":[\#(places.joined(separator: ","))]}"#)
        _ = try await client.until { $0["type"] as? String == "welcome" }
        for room in rooms {
            _ = try await client.until {
                $0["type"] as? String == "subscribed" && $0["roomId"] as? String == "\(room)"
            }
        }
        return client
    }

    func until(_ what: String, _ holds: () -> Bool) async throws {
        let end = ContinuousClock.now + .patience
        while ContinuousClock.now < end {
            if holds() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Late(what: what)
    }

    struct Late: Error { let what: String }
}

/// Rooms in memory.
final class House: Sendable {
    let hub = Mutex<SocketHub?>(nil)
    let entries = Mutex<[RoomKey: [SocketEntry]]>([:])
    let listeners = Mutex<[RoomKey: Int]>([:])
    /// Whose log-ins hold.
    let people = Mutex<[UUIDv7: Caller]>([:])
    /// Questions for them: those asked for at once.
    let asked = Mutex<Set<Set<UUIDv7>>>([])
    /// Rooms of which it is not said yet who may see them.
    let closed = Mutex<Set<RoomKey>>([])

    func key(_ room: RoomID) -> RoomKey { RoomKey(tenant: SocketStage.tenant, room: room) }

    /// Stores an entry and tells of it, unless its news is to be lost.
    @discardableResult
    func append(_ room: RoomID, body: String = "x", isTold: Bool = true) -> Int64 {
        let hub = hub.withLock { $0 }
        let key = key(room)
        return entries.withLock { entries in
            let seq = Int64(entries[key]?.count ?? 0) + 1
            let json = #"{"type":"message","roomId":"\#(room)","seq":\#(seq),"body":"\#(body)"}"#
            let entry = SocketEntry(seq: seq, frame: WebSocketBytes.text(ByteBuffer(string: json)))
            entries[key, default: []].append(entry)
            if isTold { hub?.tell(.entries(key, [entry])) }
            return seq
        }
    }

    func listenerCount(_ room: RoomID) -> Int { listeners.withLock { $0[key(room)] ?? 0 } }

    var desk: SocketDesk {
        SocketDesk(
            authenticate: { [self] token in
                guard let parts = token?.split(separator: "/"),
                    let user = parts.first.flatMap({ UserID(String($0)) })
                else { throw Failure(.unauthorised, "unauthenticated", "no") }
                let session = parts.count > 1 ? UUIDv7(String(parts[1])) ?? UUIDv7() : UUIDv7()
                let caller = Caller(tenant: SocketStage.tenant, user: user, role: .member)
                people.withLock { $0[session] = caller }
                return (ChatIdentity(caller: caller, session: session), validFor: .seconds(86_400))
            },
            current: { [self] sessions, _ in
                _ = asked.withLock { $0.insert(sessions) }
                return people.withLock { people in people.filter { sessions.contains($0.key) } }
            },
            open: { [self] key, _ in
                while closed.withLock({ $0.contains(key) }) { try await Task.sleep(for: .milliseconds(5)) }
                listeners.withLock { $0[key, default: 0] += 1 }
                return entries.withLock { Int64($0[key]?.count ?? 0) }
            }, release: { [self] key, _ in listeners.withLock { $0[key, default: 0] -= 1 } },
            entries: { [self] key, after in
                entries.withLock { entries in Array((entries[key] ?? []).dropFirst(Int(after)).prefix(50)) }
            }, presence: { key in .presence(key.room, users: [], count: 0) },
            send: { [self] draft, _ in
                let seq = append(draft.room, body: draft.body)
                return .init(clientID: draft.clientID, room: draft.room, seq: seq, id: MessageID())
            }, typing: { _, _ in }, markRead: { _, _, _ in })
    }
}

extension SocketClient {
    typealias Frame = [String: Any]

    /// The next text frame that `fits`; those before it are passed over; `limit` is for each.
    func until(within limit: Duration = .patience, _ fits: (Frame) -> Bool) async throws -> Frame {
        while true {
            switch try await next(within: limit) {
            case .text(let text):
                let frame = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Frame ?? [:]
                if fits(frame) { return frame }
            case .close(let code, let reason): throw Closed(code: code, reason: reason)
            case .end: throw Closed(code: 0, reason: "")
            case .ping, .pong: continue
            }
        }
    }

    struct Closed: Error {
        let code: UInt16
        let reason: String
    }

    func code(within limit: Duration = .patience) async throws -> UInt16 {
        if case .close(let code, _) = try await closing(within: limit) { return code }
        return 0
    }

    /// Sequence numbers of the entries up to `last`, as they came.
    func seqs(upTo last: Int64) async throws -> [Int64] {
        var seqs: [Int64] = []
        while seqs.last != last {
            let frame = try await until { $0["type"] as? String == "message" }
            seqs.append((frame["seq"] as? NSNumber)?.int64Value ?? 0)
        }
        return seqs
    }
}
