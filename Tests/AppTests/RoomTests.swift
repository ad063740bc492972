import Foundation
import Testing

/// Rooms and messages by requests, on every stage.
@Suite(.serialized) struct RoomTests {
    private func bodies(_ messages: [[String: Any]]) -> [String?] { messages.map { $0["body"] as? String } }

    @Test func `a team talks: history both ways, resends, edits, deletions, marks`() async throws {
        try await RunningApp.shared { app in
            let team = try await TeamOfFour(app.base)
            let room = try await team.ada.room(["kind": "team", "title": "General"])
            for number in 1...5 { #expect(try await team.ada.say("\(number)", in: room).status == 201) }
            #expect(bodies(try await team.bob.messages(in: room, "?limit=2")) == ["4", "5"])
            #expect(bodies(try await team.bob.messages(in: room, "?beforeSeq=4&limit=2")) == ["2", "3"])
            #expect(bodies(try await team.viewer.messages(in: room, "?afterSeq=3")) == ["4", "5"])
            let page = try await team.bob.send("GET", "/v1/rooms/\(room)/messages?afterSeq=1&limit=2")
            #expect(page["hasMore"] as? Bool == true && page["lastSeq"] as? Int == 5)

            let first = try await team.ada.say("👩‍👩‍👧‍👦 مرحبا <b>&amp;</b> <@\(team.ids[1])>", in: room, as: "c-1")
            let again = try await team.ada.say("👩‍👩‍👧‍👦 مرحبا <b>&amp;</b> <@\(team.ids[1])>", in: room, as: "c-1")
            #expect(first.status == 201 && again.status == 200)
            #expect(NSDictionary(dictionary: first.json) == NSDictionary(dictionary: again.json))
            #expect(first["mentions"] as? [String] == [team.ids[1]] && first["seq"] as? Int == 6)
            #expect(first["body"] as? String == "👩‍👩‍👧‍👦 مرحبا <b>&amp;</b> <@\(team.ids[1])>")
            let reused = try await team.ada.say("other", in: room, as: "c-1")
            #expect(reused.status == 409 && reused.code == "client_id_reused")

            let id = try first.text("id")
            let edited = try await team.ada.send("PATCH", "/v1/messages/\(id)", ["body": "changed"])
            #expect(edited.status == 200 && edited["revises"] as? Int == 6 && edited["seq"] as? Int == 7)
            #expect(try await team.bob.send("PATCH", "/v1/messages/\(id)", ["body": "x"]).status == 403)
            let reply = try await team.bob.say("reply", in: room, parent: id)
            #expect(reply["parentId"] as? String == id && reply["seq"] as? Int == 8)
            #expect(try await team.owner.send("DELETE", "/v1/messages/\(id)").status == 204)
            let entries = try await team.bob.messages(in: room, "?afterSeq=5")
            #expect(entries.map { $0["seq"] as? Int } == [6, 7, 8, 9])
            #expect(bodies(entries) == [nil, nil, "reply", nil])
            let texts = try await team.ada.send("GET", "/v1/messages/\(id)/history")
            #expect(bodies(try #require(texts["items"] as? [[String: Any]])).suffix(2) == ["changed", nil])
            #expect(try await team.bob.send("GET", "/v1/messages/\(id)/history").status == 403)

            let seen = try await team.bob.send("GET", "/v1/rooms/\(room)")
            #expect(seen["unread"] as? Int == 5 && seen["lastSeq"] as? Int == 9)
            for (seq, unread) in [(2, 3), (1, 3), (9, 0)] {
                let mark = try await team.bob.send("POST", "/v1/rooms/\(room)/read", ["seq": seq])
                #expect(mark.status == 200 && mark["unread"] as? Int == unread, "\(mark.json)")
            }
        }
    }

    @Test func `what cannot be said is refused with a reason, and costs nothing`() async throws {
        try await RunningApp.shared { app in
            let team = try await TeamOfFour(app.base)
            let room = try await team.ada.room(["kind": "team", "title": "General"])
            let path = "/v1/rooms/\(room)/messages"
            let bad: [[String: Any]] = [
                ["body": "", "clientId": "a"], ["body": "  \n ", "clientId": "a"],
                ["body": "a\u{0}b", "clientId": "a"], ["body": "a\u{7}", "clientId": "a"],
                ["body": String(repeating: "é", count: 4_001), "clientId": "a"],
                ["body": "x", "clientId": ""],
                ["body": "x", "clientId": "a b"], ["body": "x"], ["clientId": "a"],
                ["body": 5, "clientId": "a"], ["body": "x", "clientId": "a", "parentId": "nonsense"],
            ]
            for body in bad {
                let answer = try await team.ada.send("POST", path, body)
                #expect(answer.status == 400 && answer.code == "invalid_request", "\(answer.json)")
            }
            for query in ["?afterSeq=x", "?beforeSeq=-1", "?afterSeq=1&beforeSeq=2", "?limit=0"] {
                #expect(try await team.ada.send("GET", path + query).status == 400, "\(query)")
            }
            let missing = UUID().uuidString.lowercased()
            #expect(try await team.ada.say("x", in: room, parent: missing).code == "parent_missing")
            #expect(try await team.viewer.say("x", in: room).status == 403)
            #expect(try await team.ada.say("x", in: missing).status == 404)
            let wishes: [[String: Any]] = [
                ["kind": "team"], ["kind": "team", "title": " "], ["kind": "other"], ["kind": "direct"],
                ["kind": "direct", "userIds": [team.ids[0]]], ["kind": "direct", "userIds": [missing]],
                ["kind": "team", "title": "x", "private": true, "userIds": [missing]],
                ["kind": "team", "title": "x", "userIds": [team.ids[1]]], ["kind": "video"],
            ]
            for wish in wishes {
                #expect(try await team.ada.send("POST", "/v1/rooms", wish).status == 400, "\(wish)")
            }
            #expect(
                try await team.viewer.send("POST", "/v1/rooms", ["kind": "team", "title": "x"]).status == 403)
            #expect(try await team.ada.messages(in: room).isEmpty)
        }
    }

    @Test func `nobody reaches a room of others, by any address`() async throws {
        try await RunningApp.shared { app in
            let team = try await TeamOfFour(app.base)
            let stranger = try await APIClient.signedUp(app.base)
            let secret = try await team.ada.room([
                "kind": "team", "title": "Secret", "private": true, "userIds": [team.ids[2]],
            ])
            let direct = try await team.ada.room(["kind": "direct", "userIds": [team.ids[2]]])
            let open = try await team.ada.room(["kind": "team", "title": "Open"])
            let text = try await team.ada.say("for few", in: secret, as: "s").text("id")
            let said = try await team.ada.say("for all", in: open).text("id")
            #expect(try await team.viewer.send("GET", "/v1/rooms/\(secret)").status == 200)

            func refused(_ client: APIClient, _ room: String, _ message: String) async throws -> Set<Int> {
                var statuses: Set<Int> = []
                let requests: [(String, String, [String: Any]?)] = [
                    ("GET", "/v1/rooms/\(room)", nil), ("PATCH", "/v1/rooms/\(room)", ["title": "x"]),
                    ("GET", "/v1/rooms/\(room)/messages", nil),
                    ("GET", "/v1/rooms/\(room)/messages?afterSeq=0", nil),
                    ("POST", "/v1/rooms/\(room)/messages", ["body": "x", "clientId": "x"]),
                    ("POST", "/v1/rooms/\(room)/messages", ["body": "for few", "clientId": "s"]),
                    ("POST", "/v1/rooms/\(room)/read", ["seq": 1]),
                    ("POST", "/v1/rooms/\(room)/members", ["userIds": [team.ids[1]]]),
                    ("DELETE", "/v1/rooms/\(room)/members/\(team.ids[0])", nil),
                    ("PATCH", "/v1/messages/\(message)", ["body": "x"]),
                    ("DELETE", "/v1/messages/\(message)", nil),
                    ("GET", "/v1/messages/\(message)/history", nil),
                ]
                for (method, path, body) in requests {
                    let answer = try await client.send(method, path, body)
                    #expect(
                        !String(decoding: answer.data, as: UTF8.self).contains("for "), "\(method) \(path)")
                    statuses.insert(answer.status)
                }
                return statuses
            }
            for client in [team.bob, team.owner, stranger] {
                #expect(try await refused(client, secret, text) == [404])
                #expect(try await refused(client, direct, text) == [404])
            }
            #expect(try await refused(stranger, open, said) == [404])
            // A parent of another room is none here.
            #expect(try await team.ada.say("x", in: open, parent: text).code == "parent_missing")
            for (client, expected) in [(team.bob, [open]), (stranger, [])] {
                let rooms = try await client.send("GET", "/v1/rooms")["items"] as? [[String: Any]]
                #expect(rooms?.compactMap { $0["id"] as? String } == expected)
            }
            #expect(try await APIClient(base: app.base).send("GET", "/v1/rooms").status == 401)
            #expect(bodies(try await team.ada.messages(in: secret, "?afterSeq=0")) == ["for few"])
        }
    }

    @Test func `members join and leave, two people have one room, names change`() async throws {
        try await RunningApp.shared { app in
            let team = try await TeamOfFour(app.base)
            let room = try await team.ada.room(["kind": "team", "title": "Plans", "private": true])
            let joined = try await team.ada.send(
                "POST", "/v1/rooms/\(room)/members", ["userIds": [team.ids[1]]])
            #expect((joined["members"] as? [String])?.count == 2, "\(joined.json)")
            #expect(try await team.bob.say("hello", in: room).status == 201)
            #expect(try await team.bob.send("PATCH", "/v1/rooms/\(room)", ["title": "x"]).status == 403)
            let named = try await team.ada.send("PATCH", "/v1/rooms/\(room)", ["title": "Big plans"])
            #expect(named["title"] as? String == "Big plans")
            #expect(
                try await team.bob.send("DELETE", "/v1/rooms/\(room)/members/\(team.ids[1])").status == 204)
            #expect(try await team.bob.say("again", in: room).status == 404)

            let one = try await team.ada.send(
                "POST", "/v1/rooms", ["kind": "direct", "userIds": [team.ids[1]]])
            let other = try await team.bob.send(
                "POST", "/v1/rooms", ["kind": "direct", "userIds": [team.ids[0]]])
            #expect(
                one.status == 201 && other.status == 200 && one["id"] as? String == other["id"] as? String)
            let key = ["Idempotency-Key": "room-1"]
            let wish: [String: Any] = ["kind": "team", "title": "Once"]
            let ids = [
                try await team.ada.send("POST", "/v1/rooms", wish, headers: key).text("id"),
                try await team.ada.send("POST", "/v1/rooms", wish, headers: key).text("id"),
            ]
            #expect(ids[0] == ids[1])
            var listed: [String] = []
            var cursor: String?
            repeat {
                let query = "/v1/rooms?kind=team&limit=1" + (cursor.map { "&cursor=\($0)" } ?? "")
                let page = try await team.ada.send("GET", query)
                listed += (page["items"] as? [[String: Any]] ?? []).compactMap { $0["title"] as? String }
                cursor = page["nextCursor"] as? String
            } while cursor != nil
            #expect(listed == ["Once", "Big plans"])
        }
    }

    @Test func `a film has its room, which closes with it`() async throws {
        try await RunningApp.shared { app in
            let team = try await TeamOfFour(app.base)
            let video = try await team.ada.upload(Data(repeating: 1, count: 1_000), title: "Harbour")
            let room = try await team.viewer.room(["kind": "video", "videoId": video])
            #expect(room == video)
            let query = "/v1/rooms?videoId=\(video)"
            let found = try await team.bob.send("GET", query)["items"] as? [[String: Any]]
            #expect(found?.first?["title"] as? String == "Harbour")
            let quiet = try await team.bob.send("GET", "/v1/rooms")["items"] as? [[String: Any]]
            #expect(quiet?.isEmpty == true)
            #expect(try await team.bob.say("nice", in: room).status == 201)
            let spoken = try await team.bob.send("GET", "/v1/rooms?kind=video")["items"] as? [[String: Any]]
            #expect(spoken?.count == 1)
            let unknown = UUID().uuidString.lowercased()
            #expect(
                try await team.bob.send("POST", "/v1/rooms", ["kind": "video", "videoId": unknown]).status
                    == 404)
            #expect(try await team.ada.send("DELETE", "/v1/videos/\(video)").status == 204)
            try await app.until { try await team.bob.send("GET", "/v1/rooms/\(room)")["closedAt"] is String }
            #expect(try await team.bob.say("late", in: room).code == "room_closed")
            #expect((try await team.bob.send("GET", query)["items"] as? [Any])?.isEmpty == true)
        }
    }

    @Test func `whoever is removed from the team leaves its rooms`() async throws {
        try await RunningApp.shared { app in
            let team = try await TeamOfFour(app.base)
            let room = try await team.ada.room([
                "kind": "team", "title": "Plans", "private": true, "userIds": [team.ids[1]],
            ])
            #expect(try await team.owner.send("DELETE", "/v1/users/\(team.ids[1])").status == 204)
            try await app.until {
                (try await team.ada.send("GET", "/v1/rooms/\(room)")["members"] as? [String]) == [team.ids[0]]
            }
        }
    }

    @Test func `many who talk at once in one room are all heard, in one order`() async throws {
        try await RunningApp.with(["chat.messagesPerMinute=100000"]) { app in
            let team = try await TeamOfFour(app.base)
            let room = try await team.ada.room(["kind": "team", "title": "Loud"])
            let senders = [team.owner, team.ada, team.bob]
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<192 {
                    group.addTask {
                        try await senders[number % 3].say("\(number)", in: room, as: "n\(number)").status
                    }
                }
                for try await status in group { #expect(status == 201) }
            }
            var seqs: [Int] = []
            while true {
                let page = try await team.bob.messages(in: room, "?afterSeq=\(seqs.last ?? 0)&limit=100")
                if page.isEmpty { break }
                seqs += page.compactMap { $0["seq"] as? Int }
            }
            #expect(seqs == Array(1...192))
        }
    }

    @Test func `whoever marks too much as read is told so, over either way, and may still speak`()
        async throws
    {
        try await RunningApp.with(["chat.readMarksPerMinute=1"]) { app in
            let team = try await TeamOfFour(app.base)
            let room = try await team.ada.room(["kind": "team", "title": "Loud"])
            for number in 1...3 { #expect(try await team.ada.say("\(number)", in: room).status == 201) }
            let mark = try await team.bob.send("POST", "/v1/rooms/\(room)/read", ["seq": 1])
            #expect(mark.status == 200 && mark["readSeq"] as? Int == 1)
            let refused = try await team.bob.send("POST", "/v1/rooms/\(room)/read", ["seq": 2])
            #expect(
                refused.status == 429 && refused.code == "rate_limited"
                    && refused.headers["retry-after"] != nil)
            let chat = try await ChatClient.connect(team.bob, rooms: [(room, nil)])
            try await chat.next("subscribed")
            try await chat.send(["type": "read", "roomId": room, "seq": 3])
            let error = try await chat.next("error")
            #expect(error["code"] as? String == "rate_limited" && error["roomId"] as? String == room)
            try await chat.say("still here", in: room)
            try await chat.next("ack")
        }
    }

    @Test func `whoever sends too much is told when to go on`() async throws {
        // To make a room takes one as well; so few that none comes back while this runs.
        try await RunningApp.with(["chat.messagesPerMinute=1"]) { app in
            let team = try await TeamOfFour(app.base)
            let room = try await team.owner.room(["kind": "team", "title": "Loud"])
            #expect(try await team.ada.say("1", in: room).status == 201)
            let refused = try await team.ada.say("2", in: room)
            #expect(
                refused.status == 429 && refused.code == "rate_limited"
                    && refused.headers["retry-after"] != nil)
            #expect(try await team.bob.say("3", in: room).status == 201)
        }
    }
}
