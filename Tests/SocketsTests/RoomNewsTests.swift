import Chat
import Foundation
import Kernel
import NIOCore
import NIOPosix
import Synchronization
import TestSocket
import Testing

@testable import Sockets

/// Who hears of what in a room, and for how long.
@Suite(.serialized) struct RoomNewsTests {
    let room = RoomID()

    @Test func `a session that ends takes its connections along, and no others`() async throws {
        try await SocketStage.with { stage in
            let session = UUIDv7()
            let client = try await stage.client()
            try await client.send(#"{"type":"hello","token":"\#(UserID())/\#(session)"}"#)
            _ = try await client.until { $0["type"] as? String == "welcome" }
            let other = try await stage.client(in: [room])
            stage.hub.tell(.sessionEnded(session))
            let closing = try await client.closing()
            #expect(closing == .close(code: 4401, reason: "session_revoked"))
            stage.house.append(room)
            _ = try await other.seqs(upTo: 1)
        }
    }

    @Test func `whoever may see a room no more gets nothing of it`() async throws {
        try await SocketStage.with { stage in
            let (ann, bob) = (UserID(), UserID())
            let (one, other) = (
                try await stage.client(as: ann, in: [room]), try await stage.client(as: bob, in: [room])
            )
            stage.hub.tell(.removal(stage.house.key(room), [ann], .notFound("room")))
            stage.house.append(room)
            let error = try await one.until {
                $0["type"] as? String != "presence" && $0["type"] as? String != "welcome"
            }
            #expect(error["code"] as? String == "not_found" && error["roomId"] as? String == "\(room)")
            try await one.send(#"{"type":"ping"}"#)
            let next = try await one.until { $0["type"] as? String != "presence" }
            #expect(next["type"] as? String == "pong")
            _ = try await other.seqs(upTo: 1)
        }
    }

    @Test func `whoever may not be in a room hears nothing of it while that is being found out`() async throws
    {
        try await SocketStage.with { stage in
            let key = stage.house.key(room)
            _ = stage.house.closed.withLock { $0.insert(key) }
            let spy = try await stage.client(in: [])
            let insider = RoomID()
            try await spy.send(#"{"type":"subscribe","roomId":"\#(room)"}"#)
            try await spy.send(#"{"type":"subscribe","roomId":"\#(insider)"}"#)
            // Sent behind the other, so that one is being looked at.
            _ = try await spy.until {
                $0["roomId"] as? String == "\(insider)" && $0["type"] as? String == "subscribed"
            }
            stage.hub.tell(
                .frame(key, WebSocketBytes.text(ByteBuffer(string: #"{"type":"poll"}"#)), owner: nil))
            try await spy.send(#"{"type":"ping"}"#)
            let next = try await spy.until { ["poll", "pong"].contains($0["type"] as? String) }
            #expect(next["type"] as? String == "pong")
            _ = stage.house.closed.withLock { $0.remove(key) }
            _ = try await spy.until {
                $0["roomId"] as? String == "\(room)" && $0["type"] as? String == "subscribed"
            }
            stage.hub.tell(
                .frame(key, WebSocketBytes.text(ByteBuffer(string: #"{"type":"poll"}"#)), owner: nil))
            _ = try await spy.until { $0["type"] as? String == "poll" }
        }
    }

    @Test func `what an event loop has no place for is read, and who must go still goes`() async throws {
        var settings = SocketSettings()
        settings.backlog = 1
        try await SocketStage.with(settings) { stage in
            let (ann, bob) = (UserID(), UserID())
            let client = try await stage.client(as: ann, in: [room])
            let other = try await stage.client(as: bob, in: [room])
            // Told from within all event loops, so that none comes round to anything in between.
            let loops = Array(MultiThreadedEventLoopGroup.singleton.makeIterator())
            let barrier = Barrier(loops.count)
            for loop in loops.dropFirst() { loop.execute { barrier.wait() } }
            try await loops[0].submit {
                for _ in 0..<5 { stage.house.append(room) }
                stage.hub.tell(.removal(stage.house.key(room), [bob], .notFound("room")))
                barrier.wait()
            }.get()
            #expect(try await client.seqs(upTo: 5) == Array(1...5))
            _ = try await other.until { $0["code"] as? String == "not_found" }
        }
    }

    @Test func `whoever comes back behind an entry that was left out gets it`() async throws {
        try await SocketStage.with { stage in
            // Keeps the room's last entries at hand on every loop.
            var watchers: [SocketClient] = []
            for _ in 0..<8 { watchers.append(try await stage.client(in: [room])) }
            stage.house.append(room)
            for watcher in watchers { _ = try await watcher.seqs(upTo: 1) }
            // No news comes of the second; somebody new tells each loop that it is there.
            stage.house.append(room, isTold: false)
            for _ in 0..<8 { watchers.append(try await stage.client(in: [room])) }
            stage.house.append(room)
            for watcher in watchers.suffix(8) { #expect(try await watcher.seqs(upTo: 3) == [3]) }
            for _ in 0..<4 {
                let late = try await stage.client(in: [room], afterSeq: 0)
                #expect(try await late.seqs(upTo: 3) == [1, 2, 3])
            }
        }
    }

    @Test func `a log-in that has ended is found out by itself, one question for many connections`()
        async throws
    {
        var settings = SocketSettings()
        settings.recheck = .milliseconds(300)
        settings.tick = .milliseconds(100)
        try await SocketStage.with(settings) { stage in
            let (held, lost) = (UUIDv7(), UUIDv7())
            var clients: [SocketClient] = []
            for number in 0..<12 {
                let session = number % 2 == 0 ? held : lost
                let client = try await stage.client()
                try await client.send(#"{"type":"hello","token":"\#(UserID())/\#(session)"}"#)
                _ = try await client.until { $0["type"] as? String == "welcome" }
                clients.append(client)
            }
            try await stage.until("both are asked for at once") {
                stage.house.asked.withLock { $0.contains([held, lost]) }
            }
            _ = stage.house.people.withLock { $0.removeValue(forKey: lost) }
            for (number, client) in clients.enumerated() where number % 2 == 1 {
                #expect(try await client.closing() == .close(code: 4401, reason: "session_revoked"))
            }
            for (number, client) in clients.enumerated() where number % 2 == 0 {
                try await client.send(#"{"type":"ping"}"#)
                _ = try await client.until { $0["type"] as? String == "pong" }
            }
        }
    }
}

/// Holds threads until all have come.
private final class Barrier: Sendable {
    private let missing: Mutex<Int>
    private let all = DispatchSemaphore(value: 0)
    private let count: Int

    init(_ count: Int) {
        self.count = count
        missing = Mutex(count)
    }

    func wait() {
        let isLast = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        if isLast { for _ in 0..<count { all.signal() } }
        all.wait()
    }
}
