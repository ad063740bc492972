import Foundation
import Testing

/// The activity of a team as its people see it, on every stage.
@Suite(.serialized) struct FeedTests {
    private static let bytes = Data(repeating: 1, count: 1_000)

    private func feed(_ client: APIClient, _ more: String = "") async throws -> [[String: Any]] {
        let answer = try await client.send("GET", "/v1/feed\(more)")
        #expect(answer.status == 200, "\(answer.json)")
        return try #require(answer["items"] as? [[String: Any]])
    }

    /// The feed once it holds what is looked for, or at the end of the time that a projector may take.
    @discardableResult
    private func feed(
        _ client: APIClient, until holds: ([[String: Any]]) -> Bool
    ) async throws -> [[String: Any]] {
        let end = ContinuousClock.now + .seconds(30)
        var items: [[String: Any]] = []
        while ContinuousClock.now < end {
            items = try await feed(client)
            if holds(items) { return items }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the feed never became what it should: \(items)")
        return items
    }

    private func types(_ items: [[String: Any]]) -> [String] { items.compactMap { $0["type"] as? String } }

    @Test func `a team sees what its people do, newest first, and no other team does`() async throws {
        try await RunningApp.shared { app in
            let (ann, other) = (
                try await APIClient.signedUp(app.base), try await APIClient.signedUp(app.base)
            )
            let video = try await ann.upload(Self.bytes, title: "Überraschung")
            let me = try await ann.userID()
            _ = try await ann.settled(video)
            let items = try await feed(ann) { types($0).contains("video.failed") }
            #expect(types(items) == ["video.failed", "video.uploaded", "user.joined"])
            let uploaded = try #require(items.first { $0["type"] as? String == "video.uploaded" })
            #expect(uploaded["videoId"] as? String == video && uploaded["title"] as? String == "Überraschung")
            #expect(uploaded["actor"] as? String == me && uploaded["count"] as? Int == 1)
            #expect(items[0]["actor"] is NSNull && items[0]["excerpt"] is String)
            #expect(types(try await feed(other)) == ["user.joined"])
            #expect(try await ann.send("GET", "/v1/feed?limit=1")["nextCursor"] is String)
            let first = try await ann.send("GET", "/v1/feed?limit=2")
            let rest = try await feed(ann, "?limit=2&cursor=\(try first.text("nextCursor"))")
            #expect(types(rest) == ["user.joined"])
            #expect(try await ann.send("PATCH", "/v1/videos/\(video)", ["title": "Ferien"]).status == 200)
            try await feed(ann) { $0.contains { $0["title"] as? String == "Ferien" } }
            #expect(try await ann.send("DELETE", "/v1/videos/\(video)").status == 204)
            try await feed(ann) { types($0) == ["user.joined"] }
            #expect(try await APIClient(base: app.base).send("GET", "/v1/feed").status == 401)
        }
    }

    @Test func `messages of open rooms are told together, those of others never`() async throws {
        try await RunningApp.shared { app in
            let ann = try await APIClient.signedUp(app.base)
            let ben = try await ann.invited("ben")
            let open = try await ann.send("POST", "/v1/rooms", ["kind": "team", "title": "Lobby"])
            #expect(open.status == 201, "\(open.json)")
            let benID = try await ben.userID()
            let secret = try await ann.send(
                "POST", "/v1/rooms",
                ["kind": "team", "title": "Secret", "private": true, "userIds": [benID]])
            let direct = try await ann.send("POST", "/v1/rooms", ["kind": "direct", "userIds": [benID]])
            for (room, words) in [(secret, "hidden"), (direct, "whispered")] {
                let sent = try await ann.say(words, in: room.text("id"))
                #expect(sent.status == 201, "\(sent.json)")
            }
            var last = ""
            for number in 1...3 { last = try await ben.say("open \(number)", in: open.text("id")).text("id") }
            let items = try await feed(ann) {
                $0.first { $0["type"] as? String == "messages.sent" }?["count"] as? Int == 3
            }
            let said = items.filter { $0["type"] as? String == "messages.sent" }
            #expect(said.count == 1 && said[0]["excerpt"] as? String == "open 3")
            #expect(
                said[0]["roomId"] as? String == (try open.text("id"))
                    && said[0]["title"] as? String == "Lobby")
            #expect(!items.contains { "\($0)".contains("hidden") || "\($0)".contains("whispered") })
            #expect(try await ben.send("DELETE", "/v1/messages/\(last)").status == 204)
            try await feed(ann) {
                let told = $0.first { $0["type"] as? String == "messages.sent" }
                return told?["excerpt"] is NSNull && told?["count"] as? Int == 2
            }
            let entries = try await ben.items("/v1/rooms/\(open.text("id"))/messages")
            for id in Set(entries.filter { $0["deletedAt"] is NSNull }.compactMap { $0["id"] as? String }) {
                #expect(try await ben.send("DELETE", "/v1/messages/\(id)").status == 204)
            }
            try await feed(ann) { !types($0).contains("messages.sent") }
        }
    }

    /// The id of the newest notification once so many are unread.
    private func unread(_ client: APIClient, _ count: Int) async throws -> String {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            let told = try await client.send("GET", "/v1/notifications")
            if told["unread"] as? Int == count, let first = (told["items"] as? [[String: Any]])?.first {
                return try #require(first["id"] as? String)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw APIClient.Timeout(what: "no notification came")
    }

    @Test func `a rebuild reads the whole log anew and changes nothing that is right`() async throws {
        try await RunningApp.with { app in
            let ann = try await APIClient.signedUp(app.base)
            let kept = try await ann.upload(Self.bytes, title: "One")
            let gone = try await ann.upload(Self.bytes, title: "Two")
            for video in [kept, gone] { _ = try await ann.settled(video) }
            try await feed(ann) { types($0).count { $0 == "video.failed" } == 2 }
            #expect(try await ann.send("DELETE", "/v1/videos/\(gone)").status == 204)
            // One who left a room, was let in again, and has read what was said to him since.
            let ben = try await ann.invited("ben")
            let benID = try await ben.userID()
            let room = try await ann.send(
                "POST", "/v1/rooms",
                ["kind": "team", "title": "Secret", "private": true, "userIds": [benID]]
            ).text("id")
            let members = "/v1/rooms/\(room)/members"
            #expect(try await ben.send("DELETE", "\(members)/\(benID)").status == 204)
            #expect(try await ann.send("POST", members, ["userIds": [benID]]).status < 300)
            _ = try await ann.say("hear <@\(benID)>", in: room)
            let newest = try await unread(ben, 2)
            #expect(
                try await ben.send("POST", "/v1/notifications/read", ["through": newest])["unread"] as? Int
                    == 0)
            let before = try await feed(ann) { $0.count == 4 }
            let unread = try await ann.send("GET", "/v1/notifications")["unread"] as? Int
            let (status, output) = try await app.command("projections", "rebuild", "feed")
            #expect(status == 0 && output.contains("0 of them failed"), "\(output)")
            let after = try await feed(ann)
            #expect(NSArray(array: before).isEqual(to: after), "\(before) \(after)")
            #expect(try await ann.send("GET", "/v1/notifications")["unread"] as? Int == unread)
            let told = try await ben.send("GET", "/v1/notifications")
            #expect(told["unread"] as? Int == 0 && (told["items"] as? [Any])?.count == 2)
            #expect(try await app.command("projections", "rebuild", "feed", "--wipe").0 != 0)
        }
    }
}
