import Foundation
import Testing

/// Polls by requests, on every stage.
@Suite(.serialized) struct PollTests {
    private func votes(_ answer: APIClient.Answer) -> [Int?] { votes(of: answer.json) }

    @Test func `a room is asked, votes once each, and hears what came of it`() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let (ada, viewer) = (
                try await owner.invited("Somebody", role: "member"),
                try await owner.invited("Somebody", role: "viewer")
            )
            let room = try await ada.room(["kind": "team", "title": "G"])
            let draft: [String: Any] = ["question": " Tea? ", "options": ["yes", "no", "☕"]]
            let key = ["Idempotency-Key": "poll-1"]
            let asked = try await ada.send("POST", "/v1/rooms/\(room)/polls", draft, headers: key)
            let again = try await ada.send("POST", "/v1/rooms/\(room)/polls", draft, headers: key)
            #expect(asked.status == 201 && asked["question"] as? String == "Tea?", "\(asked.json)")
            let poll = try asked.text("id")
            #expect(again["id"] as? String == poll)
            for (client, option) in [(viewer, 1), (owner, 1), (owner, 2), (owner, 2)] {
                let answer = try await client.send("PUT", "/v1/polls/\(poll)/vote", ["option": option])
                #expect(answer.status == 200 && answer["choice"] as? Int == option, "\(answer.json)")
            }
            let seen = try await ada.send("GET", "/v1/polls/\(poll)")
            #expect(votes(seen) == [0, 1, 1] && seen["choice"] is NSNull)
            #expect(try await viewer.send("PUT", "/v1/polls/\(poll)/vote", ["option": 3]).status == 400)
            #expect(try await viewer.send("POST", "/v1/polls/\(poll)/close").status == 403)
            #expect(try await viewer.send("POST", "/v1/rooms/\(room)/polls", draft).status == 403)
            for _ in 0..<2 { #expect(try await ada.send("POST", "/v1/polls/\(poll)/close").status == 200) }
            let late = try await viewer.send("PUT", "/v1/polls/\(poll)/vote", ["option": 0])
            #expect(late.status == 409 && late.code == "poll_closed")
            let list = try await viewer.send("GET", "/v1/rooms/\(room)/polls")
            #expect((list["items"] as? [[String: Any]])?.map { $0["closedAt"] is String } == [true])
        }
    }

    @Test func `a poll is for those who may see its room`() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let (ada, bob) = (
                try await owner.invited("Somebody", role: "member"),
                try await owner.invited("Somebody", role: "member")
            )
            let stranger = try await APIClient.signedUp(app.base)
            let room = try await ada.send(
                "POST", "/v1/rooms", ["kind": "team", "title": "S", "private": true]
            ).text("id")
            let draft: [String: Any] = ["question": "Tea?", "options": ["yes", "no"]]
            let poll = try await ada.send("POST", "/v1/rooms/\(room)/polls", draft).text("id")
            for client in [bob, owner, stranger] {
                let answers = [
                    try await client.send("GET", "/v1/polls/\(poll)"),
                    try await client.send("PUT", "/v1/polls/\(poll)/vote", ["option": 0]),
                    try await client.send("POST", "/v1/polls/\(poll)/close"),
                    try await client.send("GET", "/v1/rooms/\(room)/polls"),
                    try await client.send("POST", "/v1/rooms/\(room)/polls", draft),
                ]
                #expect(answers.map(\.status) == [404, 404, 404, 404, 404])
            }
            for bad in [["question": "", "options": ["a", "b"]], ["question": "?", "options": ["a"]]]
                as [[String: Any]]
                + [
                    ["question": "?", "options": ["a", " a "]],
                    ["question": "a\u{0}", "options": ["a", "b"]],
                ]
            {
                #expect(try await ada.send("POST", "/v1/rooms/\(room)/polls", bad).status == 400)
            }
            #expect(votes(try await ada.send("GET", "/v1/polls/\(poll)")) == [0, 0])
        }
    }

    @Test func `whoever is in the room hears of a poll at each change, and nobody else does`() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let bob = try await owner.invited("Bob")
            let rooms = [
                try await owner.room(["kind": "team", "title": "G"]),
                try await owner.room(["kind": "team", "title": "Other"]),
            ]
            let inside = try await ChatClient.connect(bob, rooms: [(rooms[0], nil)])
            let outside = try await ChatClient.connect(bob, rooms: [(rooms[1], nil)])
            for chat in [inside, outside] { try await chat.next("subscribed") }
            let draft: [String: Any] = ["question": "Tea?", "options": ["yes", "no"]]
            let poll = try await owner.send("POST", "/v1/rooms/\(rooms[0])/polls", draft).text("id")
            let asked = try await inside.next("poll")
            #expect(asked["id"] as? String == poll && asked["roomId"] as? String == rooms[0])
            #expect(asked["choice"] == nil, "a frame is for everybody")
            for (client, option) in [(bob, 1), (owner, 1), (owner, 0)] {
                _ = try await client.send("PUT", "/v1/polls/\(poll)/vote", ["option": option])
            }
            try await inside.next("poll") { self.votes(of: $0) == [1, 1] }
            _ = try await owner.send("POST", "/v1/polls/\(poll)/close")
            try await inside.next("poll") { $0["closedAt"] is String }
            try await outside.send(["type": "ping"])
            var types: [String?] = []
            while types.last != "pong" {
                types.append(try await outside.frame(within: .seconds(15))["type"] as? String)
            }
            #expect(!types.contains("poll"))
        }
    }

    private func votes(of poll: [String: Any]) -> [Int?] {
        (poll["options"] as? [[String: Any]] ?? []).map { $0["votes"] as? Int }
    }
}
