import Foundation
import NIOCore
import TestSocket
import Testing

/// Live chat by WebSocket, on every stage.
@Suite(.serialized) struct ChatTests {
    /// Two of one team, and a room that both may see.
    struct Team {
        var ann: APIClient
        var bob: APIClient
        let annID: String
        let bobID: String
        let room: String

        init(_ base: URL) async throws {
            ann = try await APIClient.signedUp(base)
            bob = try await ann.invited("Bob")
            annID = try await ann.userID()
            bobID = try await bob.userID()
            room = try await ann.room(["kind": "team", "title": "Cuts"])
        }
    }

    /// Both are connected and have been told of each other.
    func together(_ team: Team) async throws -> (ann: ChatClient, bob: ChatClient) {
        let ann = try await ChatClient.connect(team.ann, rooms: [(team.room, nil)])
        try await ann.next("subscribed")
        let bob = try await ChatClient.connect(team.bob, rooms: [(team.room, nil)])
        try await bob.next("subscribed")
        return (ann, bob)
    }

    @Test func `two people talk, see each other type, and read`() async throws {
        try await RunningApp.shared { app in
            let team = try await Team(app.base)
            let (ann, bob) = try await together(team)
            let present = try await ann.next("presence") { $0["count"] as? Int == 2 }
            #expect(Set(present["userIds"] as? [String] ?? []) == [team.annID, team.bobID])
            try await ann.send(["type": "typing", "roomId": team.room])
            #expect(try await bob.next("typing")["userId"] as? String == team.annID)
            try await ann.say("Héllo <b>\n\"you\"", in: team.room, as: "one")
            let heard = try await bob.next("message")
            #expect(heard["body"] as? String == "Héllo <b>\n\"you\"")
            #expect(heard["author"] as? String == team.annID && heard["clientId"] as? String == "one")
            let told = try await ann.next("ack")
            #expect(told["seq"] as? Int == 1 && told["id"] as? String == heard["id"] as? String)
            try await ann.say("Héllo <b>\n\"you\"", in: team.room, as: "one")
            #expect(try await ann.next("ack")["seq"] as? Int == 1)
            try await bob.send([
                "type": "send", "roomId": team.room, "clientId": "two", "body": "yes",
                "parentId": heard["id"] ?? "",
            ])
            let answer = try await ann.next("message") { $0["clientId"] as? String == "two" }
            #expect(answer["seq"] as? Int == 2 && answer["parentId"] as? String == heard["id"] as? String)
            try await bob.send(["type": "read", "roomId": team.room, "seq": 2])
            let read = try await ann.next("read")
            #expect(read["userId"] as? String == team.bobID && read["seq"] as? Int == 2)
            try await bob.close()
            try await ann.next("presence") { $0["count"] as? Int == 1 }
        }
    }

    @Test func `what is said, changed and taken back by requests comes live`() async throws {
        try await RunningApp.shared { app in
            let team = try await Team(app.base)
            let (_, bob) = try await together(team)
            let sent = try await team.ann.say("frist", in: team.room)
            let id = try sent.text("id")
            #expect(try await bob.next("message")["body"] as? String == "frist")
            _ = try await team.ann.send("PATCH", "/v1/messages/\(id)", ["body": "first"])
            let edit = try await bob.next("message")
            #expect(edit["body"] as? String == "first" && edit["revises"] as? Int == 1)
            #expect(edit["seq"] as? Int == 2 && edit["id"] as? String == id)
            _ = try await team.ann.send("DELETE", "/v1/messages/\(id)")
            let deletion = try await bob.next("message")
            #expect(deletion["body"] is NSNull && deletion["seq"] as? Int == 3)
        }
    }

    @Test func `whoever comes back gets what was missed, once and in order, and then what is new`()
        async throws
    {
        try await RunningApp.with(["chat.replayLimit=8"]) { app in
            let team = try await Team(app.base)
            let (ann, first) = try await together(team)
            try await ann.say("1", in: team.room)
            try await first.next("message")
            first.socket.cut()
            for number in 2...6 { try await ann.say("\(number)", in: team.room) }
            try await ann.next("ack") { $0["seq"] as? Int == 6 }
            let again = try await ChatClient.connect(team.bob, rooms: [(team.room, 1)])
            let welcome = try await again.next("welcome")
            let heads = welcome["rooms"] as? [[String: Any]]
            #expect(heads?.first?["lastSeq"] as? Int == 6)
            try await ann.say("7", in: team.room)
            for number in 2...7 {
                let entry = try await again.next("message")
                #expect(entry["seq"] as? Int == number && entry["body"] as? String == "\(number)")
            }
            // Too far behind: told so, and live from there.
            for number in 8...20 { try await ann.say("\(number)", in: team.room) }
            try await ann.next("ack") { $0["seq"] as? Int == 20 }
            let late = try await ChatClient.connect(team.bob, rooms: [(team.room, 3)])
            #expect(try await late.next("gap")["fromSeq"] as? Int == 4)
            try await ann.say("21", in: team.room)
            #expect(try await late.next("message")["seq"] as? Int == 21)
        }
    }

    /// With replicas behind the requests this fails within a few rounds, unless the session's place is kept.
    @Test func `what was said live is there for the next request`() async throws {
        try await RunningApp.with(["chat.messagesPerMinute=100000", "chat.framesPerSecond=1000"]) { app in
            let team = try await Team(app.base)
            let (ann, _) = try await together(team)
            for number in 1...150 {
                try await ann.say("\(number)", in: team.room)
                try await ann.next("ack") { $0["seq"] as? Int == number }
                let found = try await team.ann.alone.messages(in: team.room, "?afterSeq=\(number - 1)")
                #expect(found.map { $0["seq"] as? Int } == [number])
            }
        }
    }

    @Test func `rooms of others stay theirs, whatever is tried`() async throws {
        try await RunningApp.shared { app in
            let team = try await Team(app.base)
            let stranger = try await APIClient.signedUp(app.base)
            let secret = try await team.ann.send(
                "POST", "/v1/rooms",
                ["kind": "team", "title": "Secret", "private": true, "userIds": [team.bobID]]
            ).text("id")
            let eve = try await team.ann.invited("Eve")
            for outsider in [stranger, eve] {
                let chat = try await ChatClient.connect(outsider, rooms: [(secret, 0)])
                let refusal = try await chat.next("error")
                #expect(refusal["code"] as? String == "not_found" && refusal["roomId"] as? String == secret)
                try await chat.send(["type": "subscribe", "roomId": secret])
                try await chat.next("error") { $0["code"] as? String == "not_found" }
                try await chat.say("let me in", in: secret, as: "x")
                try await chat.next("error") { $0["clientId"] as? String == "x" }
                for frame in [
                    ["type": "typing", "roomId": secret], ["type": "read", "roomId": secret, "seq": 1],
                ] {
                    try await chat.send(frame)
                    try await chat.next("error") { $0["code"] as? String == "not_subscribed" }
                }
            }
            let bob = try await ChatClient.connect(team.bob, rooms: [(secret, nil)])
            try await bob.next("subscribed")
            let out = try await team.ann.send("DELETE", "/v1/rooms/\(secret)/members/\(team.bobID)")
            #expect(out.status == 204)
            try await bob.next("error") {
                $0["code"] as? String == "not_found" && $0["roomId"] as? String == secret
            }
            #expect(try await team.ann.say("he is gone", in: secret).status == 201)
            try await bob.send(["type": "ping"])
            let next = try await bob.frame(within: .seconds(10))
            #expect(next["type"] as? String == "pong", "\(next)")
        }
    }

    @Test func `a connection ends with its session at once, and with its token in time`() async throws {
        // Longer than it takes to connect and to end a session, on a busy machine.
        try await RunningApp.with(["identity.accessTokenLifetime=20s"]) { app in
            var team = try await Team(app.base)
            team.ann = try await team.ann.loggedInAnew()
            team.bob = try await team.bob.loggedInAnew()
            let (ann, bob) = try await together(team)
            #expect(try await team.bob.send("DELETE", "/v1/sessions/current").status == 204)
            #expect(
                try await bob.socket.closing(within: .seconds(4))
                    == .close(code: 4401, reason: "session_revoked"))
            #expect(
                try await ann.socket.closing(within: .seconds(40))
                    == .close(code: 4401, reason: "token_expired"))
        }
    }

    @Test func `only what is a proper upgrade becomes a connection`() async throws {
        try await RunningApp.shared { app in
            let team = try await Team(app.base)
            let plain = try await team.ann.send("GET", "/v1/chat")
            #expect(plain.status == 426 && plain.code == "upgrade_required")
            func status(_ headers: [(String, String)]) async throws -> Int {
                do {
                    _ = try await SocketClient.connect(port: app.port, headers: headers)
                    return 101
                } catch let error as SocketClient.Refused {
                    return error.status
                }
            }
            #expect(try await status([("Origin", "https://evil.example")]) == 403)
            #expect(try await status([("Origin", "http://127.0.0.1:\(app.port)")]) == 101)
            // The token may come with the upgrade.
            let chat = ChatClient(
                socket: try await SocketClient.connect(
                    port: app.port, headers: [("Authorization", "Bearer \(team.ann.token ?? "")")]))
            try await chat.send(["type": "hello", "rooms": [Any]()])
            #expect(try await chat.next("welcome")["userId"] as? String == team.annID)
            let nobody = try await SocketClient.connect(port: app.port)
            try await nobody.send(#"{"type":"hello","token":"nonsense"}"#)
            #expect(try await nobody.closing() == .close(code: 4401, reason: "unauthenticated"))
        }
    }

    @Test func `a connection that has served requests can still be upgraded`() async throws {
        try await RunningApp.shared { app in
            let client = try await SocketClient.open(port: app.port)
            let request = "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:\(app.port)\r\n\r\n"
            try await client.sendBytes(.init(string: request))
            // The first answer's head is no upgrade.
            for _ in 0..<500 where client.responseHead == nil { try await Task.sleep(for: .milliseconds(10)) }
            #expect(client.responseHead?.contains(" 200 ") == true)
            try await client.forgetResponse()
            let upgrade =
                "GET /v1/chat HTTP/1.1\r\nHost: 127.0.0.1:\(app.port)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            try await client.sendBytes(.init(string: upgrade))
            try await client.awaitUpgrade()
            #expect(client.responseHead?.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == true)
            try await client.send(#"{"type":"ping"}"#)
            let end = try await client.closing()
            guard case .close(4400, _) = end else { return #expect(Bool(false), "\(end)") }
        }
    }

    @Test func `one that drains tells its clients, who go on elsewhere or later`() async throws {
        try await RunningApp.with { app in
            let team = try await Team(app.base)
            let (ann, bob) = try await together(team)
            let process = try #require(app.processes.first { $0.roles.contains("chat") })
            let both = app.processes.filter { $0.roles.contains("chat") }
            for process in both { process.signal(SIGTERM) }
            for chat in [ann, bob] {
                try await chat.next("draining")
                #expect(try await chat.socket.closing() == .close(code: 1012, reason: "draining"))
            }
            for process in both { #expect(await process.ended() == 0) }
            for process in both { try await app.relaunch(process) }
            #expect(process.pid != 0)
            let again = try await Self.retrying {
                try await ChatClient.connect(team.ann, rooms: [(team.room, 0)])
            }
            try await again.next("welcome")
        }
    }

    /// A gateway needs a moment to see that an instance is back.
    static func retrying<Value>(_ body: () async throws -> Value) async throws -> Value {
        for _ in 0..<100 {
            do { return try await body() } catch is SocketClient.Refused {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        return try await body()
    }
}
