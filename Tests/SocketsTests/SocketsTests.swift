import Chat
import Foundation
import Kernel
import NIOCore
import Synchronization
import TestSocket
import Testing

@testable import Sockets

/// Real connections to a hub: what they get, and what ends them.
@Suite(.serialized) struct SocketsTests {
    let room = RoomID()

    @Test func `two people talk`() async throws {
        try await SocketStage.with { stage in
            let ann = try await stage.client(in: [room])
            let bob = try await stage.client(in: [room])
            try await ann.send(#"{"type":"send","roomId":"\#(room)","clientId":"1","body":"hello"}"#)
            let heard = try await bob.until { $0["type"] as? String == "message" }
            #expect(heard["body"] as? String == "hello")
            let told = try await ann.until { $0["type"] as? String == "ack" }
            #expect(told["clientId"] as? String == "1" && told["seq"] as? Int == 1)
            try await bob.close()
            #expect(try await bob.code() == 1000)
            try await stage.until("bob leaves the room") { stage.house.listenerCount(room) == 1 }
        }
    }

    @Test func `every socket gets every entry once and in order`() async throws {
        try await SocketStage.with { stage in
            var clients: [SocketClient] = []
            for _ in 0..<40 { clients.append(try await stage.client(in: [room])) }
            for number in 0..<1_000 {
                stage.house.append(room)
                if number % 100 == 0 { try await Task.sleep(for: .milliseconds(1)) }
            }
            for client in clients { #expect(try await client.seqs(upTo: 1_000) == Array(1...1_000)) }
            #expect(stage.hub.meter.reading.deliveries == 40_000)
        }
    }

    @Test(arguments: [0, 3, 180]) func `whoever comes back gets what is missing, then what is new`(
        has: Int64
    ) async throws {
        try await SocketStage.with { stage in
            for _ in 0..<200 { stage.house.append(room) }
            let writing = Task {
                for _ in 0..<200 {
                    stage.house.append(room)
                    try await Task.sleep(for: .microseconds(200))
                }
            }
            let client = try await stage.client(in: [room], afterSeq: has)
            try await writing.value
            #expect(try await client.seqs(upTo: 400) == Array(has + 1...400))
        }
    }

    @Test func `an entry of which no news came is read before the next`() async throws {
        try await SocketStage.with { stage in
            let client = try await stage.client(in: [room])
            stage.house.append(room)
            stage.house.append(room, isTold: false)
            stage.house.append(room)
            #expect(try await client.seqs(upTo: 3) == [1, 2, 3])
        }
    }

    @Test func `fragments make a message, with a ping between them`() async throws {
        try await SocketStage.with { stage in
            let client = try await stage.client(in: [])
            try await client.sendFrame(0x01, ByteBuffer(string: #"{"type":"#))
            try await client.sendFrame(0x89, ByteBuffer(string: "still there?"))
            try await client.sendFrame(0x00, ByteBuffer(string: #""pi"#))
            try await client.sendFrame(0x80, ByteBuffer(string: #"ng"}"#))
            _ = try await client.until { $0["type"] as? String == "pong" }
        }
    }

    /// What a client may do wrong, and how it is told. Frames: first byte, payload, masked.
    static let wrongs: [(String, [(UInt8, String, Bool)], UInt16)] = [
        ("binary", [(0x82, "x", true)], 1003),
        ("bytes that are no UTF-8", [(0x81, "\u{7F}", true)], 4400),
        ("a frame that is not masked", [(0x81, "{}", false)], 1002),
        ("a reserved bit", [(0xC1, "{}", true)], 1002),
        ("an opcode that nobody knows", [(0x83, "x", true)], 1002),
        ("the end of nothing", [(0x80, "x", true)], 1002),
        ("a message within a message", [(0x01, "x", true), (0x81, "y", true)], 1002),
        ("a ping in pieces", [(0x09, "x", true)], 1002),
        ("a long ping", [(0x89, String(repeating: "x", count: 126), true)], 1002),
        ("a frame too large", [(0x81, String(repeating: "x", count: 65_537), true)], 1009),
        (
            "fragments that are too large together",
            Array(repeating: (0x00, String(repeating: "x", count: 30_000), true), count: 3), 1009
        ),
        ("fragments without end", Array(repeating: (0x00, "", true), count: 70), 1009),
        ("no JSON", [(0x81, "hello", true)], 4400),
        ("another first frame", [(0x81, #"{"type":"ping"}"#, true)], 4400),
        ("no token", [(0x81, #"{"type":"hello"}"#, true)], 4401),
    ]

    @Test(arguments: wrongs.indices) func `what is wrong is told by a code`(index: Int) async throws {
        var (what, frames, code) = Self.wrongs[index]
        if frames.count > 2 { frames.insert((0x01, "x", true), at: 0) }
        try await SocketStage.with { stage in
            let client = try await stage.client()
            for (first, payload, isMasked) in frames {
                // The server may have closed already.
                try? await client.sendFrame(first, ByteBuffer(string: payload), masked: isMasked)
            }
            #expect(try await client.code() == code, "\(what)")
            try await stage.until("the connection is let go") { stage.hub.meter.reading.connections == 0 }
        }
    }

    @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]])
    func `text that is no UTF-8 is refused`(bytes: [UInt8]) async throws {
        try await SocketStage.with { stage in
            let client = try await stage.client(in: [])
            try await client.sendFrame(0x81, ByteBuffer(bytes: Array(#"{"type":"ping","x":""#.utf8) + bytes))
            #expect(try await client.code() == 1007)
        }
    }

    @Test func `silence before the hello ends the connection`() async throws {
        var settings = SocketSettings()
        settings.session.helloDeadline = .milliseconds(400)
        settings.tick = .milliseconds(50)
        try await SocketStage.with(settings) { stage in
            let mute = try await stage.client()
            #expect(try await mute.code() == 4408)
        }
    }

    /// Long enough for somebody new to be greeted before.
    private static func brief(idle: Duration) -> SocketSettings {
        var settings = SocketSettings()
        settings.session.idle = idle
        settings.session.heartbeat = .milliseconds(100)
        settings.tick = .milliseconds(50)
        return settings
    }

    @Test func `pings that nobody answers end the connection`() async throws {
        try await SocketStage.with(Self.brief(idle: .seconds(5))) { stage in
            let deaf = try await stage.client(in: [room])
            try await deaf.stopReading()
            try await stage.until("the deaf one is closed") { stage.hub.meter.reading.connections == 0 }
        }
    }

    @Test func `pings that are answered keep a connection, whatever else is not said`() async throws {
        let idle = Duration.milliseconds(1_500)
        try await SocketStage.with(Self.brief(idle: idle)) { stage in
            var isKept = false
            // A machine that stands still for so long ends one of them, but not each.
            for _ in 0..<20 where !isKept { isKept = try await isOpen(for: idle * 2, at: stage) }
            #expect(isKept)
        }
    }

    private func isOpen(for span: Duration, at stage: SocketStage) async throws -> Bool {
        do {
            let polite = try await stage.client(in: [room])
            let end = ContinuousClock.now + span
            while ContinuousClock.now < end {
                switch polite.take() {
                case .close, .end: return false
                default: try await Task.sleep(for: .milliseconds(5))
                }
            }
            _ = try await polite.seqs(upTo: stage.house.append(room))
            return true
        } catch is SocketClient.Closed {
            return false
        }
    }

    @Test func `a peer that is gone, or half gone, leaves nothing behind`() async throws {
        try await SocketStage.with { stage in
            var clients: [SocketClient] = []
            for _ in 0..<20 { clients.append(try await stage.client(in: [room])) }
            #expect(stage.house.listenerCount(room) == 20)
            for (index, client) in clients.enumerated() {
                if index % 2 == 0 { client.cut() } else { try await client.closeOutput() }
            }
            try await stage.until("all are let go") {
                stage.hub.meter.reading.connections == 0 && stage.house.listenerCount(room) == 0
            }
        }
    }

    @Test func `a flood ends the connection`() async throws {
        try await SocketStage.with { stage in
            let client = try await stage.client(in: [])
            for _ in 0..<10_000 {
                guard (try? await client.send(#"{"type":"subscribe","roomId":"\#(RoomID())"}"#)) != nil else {
                    break
                }
            }
            #expect(try await client.code() == 4429)
            try await stage.until("it is let go") { stage.hub.meter.reading.connections == 0 }
        }
    }

    @Test(arguments: [0x89, 0x8A]) func `so does one of pings or pongs`(first: UInt8) async throws {
        try await SocketStage.with { stage in
            let client = try await stage.client(in: [])
            for _ in 0..<2_000 {
                guard (try? await client.sendFrame(first, ByteBuffer())) != nil else { break }
            }
            #expect(try await client.code() == 4429)
        }
    }

    @Test func `thousands of subscribes open as many rooms as are allowed`() async throws {
        var settings = SocketSettings()
        settings.session.framesPerSecond = 100_000
        settings.session.frameBurst = 100_000
        settings.outboxBytes = 8 << 20
        settings.outboxFrames = 100_000
        try await SocketStage.with(settings) { stage in
            let client = try await stage.client(in: [])
            for _ in 0..<2_000 { try await client.send(#"{"type":"subscribe","roomId":"\#(RoomID())"}"#) }
            try await client.send(#"{"type":"ping"}"#)
            _ = try await client.until { $0["type"] as? String == "pong" }
            let open = stage.house.listeners.withLock { $0.values.filter { $0 > 0 }.count }
            #expect(open == settings.session.rooms)
            client.cut()
            try await stage.until("all rooms are let go") {
                stage.house.listeners.withLock { $0.values.allSatisfy { $0 == 0 } }
            }
        }
    }

    @Test func `a reader that never reads costs a bounded part of memory, and then its connection`()
        async throws
    {
        var settings = SocketSettings()
        settings.closeDeadline = .seconds(300)
        settings.outboxBytes = 1 << 20
        try await SocketStage.with(settings) { stage in
            let slow = try await stage.client(in: [room])
            let swift = try await stage.client(in: [room])
            try await slow.stopReading()
            let body = String(repeating: "y", count: 4_000)
            var sent: Int64 = 0
            while stage.hub.meter.reading.slowCloses == 0, sent < 20_000 {
                sent = stage.house.append(room, body: body)
                // The other reader keeps up, and must not be taken for slow.
                while swift.textCount + 40 < Int(sent) { try await Task.sleep(for: .milliseconds(1)) }
            }
            // The kernel's buffers take some megabytes; what waits here is bounded by the settings.
            #expect(sent < 5_000, "\(sent) entries of 4 kB wait for somebody who never reads")
            try await slow.readAgain()
            #expect(try await swift.seqs(upTo: sent) == Array(1...sent))
            var (last, gap, code): (Int64, Int64, UInt16) = (0, 0, 0)
            while code == 0 {
                switch try await slow.next() {
                case .text(let text):
                    let frame = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
                    let seq = (frame?["seq"] as? NSNumber)?.int64Value
                    if let seq {
                        #expect(seq == last + 1)
                        last = seq
                    }
                    gap = (frame?["fromSeq"] as? NSNumber)?.int64Value ?? gap
                case .close(let number, _): code = number
                case .end: code = 1
                case .ping, .pong: continue
                }
            }
            #expect(code == 1013)
            #expect(gap == last + 1)
        }
    }

    @Test func `draining is told to all, and all are closed within its time`() async throws {
        try await SocketStage.with { stage in
            var clients: [SocketClient] = []
            for _ in 0..<10 { clients.append(try await stage.client(in: [room])) }
            stage.hub.drain(afterSeconds: 1, within: .milliseconds(500))
            #expect(stage.hub.isDraining)
            for client in clients {
                _ = try await client.until { $0["type"] as? String == "draining" }
                #expect(try await client.code() == 1012)
            }
        }
    }
}
