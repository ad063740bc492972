import Foundation
import Testing

/// What people are told, in the page and by mail, on every stage.
@Suite(.serialized) struct NotificationTests {
    private static let bytes = Data(repeating: 1, count: 1_000)

    private func kinds(_ client: APIClient) async throws -> [String] {
        let answer = try await client.send("GET", "/v1/notifications")
        #expect(answer.status == 200, "\(answer.json)")
        return (answer["items"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
    }

    /// The kinds once they are as expected, or at the end of the time that a projector may take.
    private func settled(_ client: APIClient, _ expected: [String]) async throws -> [String] {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if try await kinds(client) == expected { return expected }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try await kinds(client)
    }

    @Test func `people are told of what concerns them, never of their own acts`() async throws {
        try await RunningApp.shared { app in
            let ann = try await APIClient.signedUp(app.base)
            let (ben, cat) = (try await ann.invited("ben"), try await ann.invited("cat", role: "viewer"))
            let other = try await APIClient.signedUp(app.base)
            let annID = try await ann.userID()
            let benID = try await ben.userID()
            let strangerID = try await other.userID()
            let video = try await ann.upload(Self.bytes, title: "Film")
            _ = try await ann.settled(video)
            #expect(try await settled(ann, ["video_failed"]) == ["video_failed"])
            let comment = try await ben.send(
                "POST", "/v1/videos/\(video)/comments",
                ["atSeconds": 1.5, "body": "look <@\(annID)> and <@\(benID)> and <@\(strangerID)>"])
            #expect(comment.status == 201, "\(comment.json)")
            // One notification for one comment: the mention goes before the comment on her own film.
            #expect(try await settled(ann, ["mention", "video_failed"]) == ["mention", "video_failed"])
            let told = try await ann.send("GET", "/v1/notifications?limit=1")
            let first = try #require((told["items"] as? [[String: Any]])?.first)
            #expect(first["actor"] as? String == benID && first["videoId"] as? String == video)
            #expect(first["commentId"] as? String == (try comment.text("id")))
            #expect(first["atSeconds"] as? Double == 1.5 && first["title"] as? String == "Film")
            let reply = try await ann.send(
                "POST", "/v1/videos/\(video)/comments",
                ["body": "yes", "parentId": try comment.text("id")])
            #expect(reply.status == 201, "\(reply.json)")
            #expect(try await settled(ben, ["reply"]) == ["reply"])
            #expect(
                try await ann.send("PUT", "/v1/videos/\(video)/approval", ["state": "approved"]).status == 200
            )
            let verdict = ["state": "changes_requested"]
            #expect(try await ben.send("PUT", "/v1/videos/\(video)/approval", verdict).status == 200)
            let all = ["approval", "mention", "video_failed"]
            #expect(try await settled(ann, all) == all)
            // Nobody else, not even of the same name in another team.
            for client in [cat, other] { #expect(try await kinds(client) == []) }
            #expect(try await ben.send("DELETE", "/v1/comments/\(try comment.text("id"))").status == 204)
            #expect(try await settled(ann, ["approval", "video_failed"]) == ["approval", "video_failed"])
            let marked = try await ann.send(
                "POST", "/v1/notifications/read", ["ids": [UUID().uuidString.lowercased()]])
            #expect(marked["unread"] as? Int == 2)
            let newest = try await ann.send("GET", "/v1/notifications?limit=1")
            let id = try #require((newest["items"] as? [[String: Any]])?.first?["id"] as? String)
            #expect(
                try await other.send("POST", "/v1/notifications/read", ["through": id])["unread"] as? Int == 0
            )
            #expect(try await ann.send("GET", "/v1/notifications?unread=true")["unread"] as? Int == 2)
            #expect(
                try await ann.send("POST", "/v1/notifications/read", ["through": id])["unread"] as? Int == 0)
            #expect(
                (try await ann.send("GET", "/v1/notifications?unread=true")["items"] as? [Any])?.isEmpty
                    == true)
            for body in [[:], ["ids": [], "through": id], ["ids": ["x"]]] as [[String: Any]] {
                #expect(try await ann.send("POST", "/v1/notifications/read", body).status == 400, "\(body)")
            }
        }
    }

    @Test func `a direct message tells its receiver, and a private room only those who are in it`()
        async throws
    {
        try await RunningApp.shared { app in
            let ann = try await APIClient.signedUp(app.base)
            let (ben, cat) = (try await ann.invited("ben"), try await ann.invited("cat"))
            let benID = try await ben.userID()
            let catID = try await cat.userID()
            let direct = try await ann.send("POST", "/v1/rooms", ["kind": "direct", "userIds": [benID]])
            _ = try await ann.say("psst <@\(catID)>", in: direct.text("id"))
            #expect(try await settled(ben, ["direct_message"]) == ["direct_message"])
            let secret = try await ann.send(
                "POST", "/v1/rooms",
                ["kind": "team", "title": "Secret", "private": true, "userIds": [benID]])
            _ = try await ann.say("hear <@\(benID)> and <@\(catID)>", in: secret.text("id"))
            let all = ["mention", "room_added", "direct_message"]
            #expect(try await settled(ben, all) == all)
            for client in [cat, ann] { #expect(try await kinds(client) == []) }
            let left = "/v1/rooms/\(try secret.text("id"))/members/\(benID)"
            #expect(try await ben.send("DELETE", left).status == 204)
            #expect(try await settled(ben, ["direct_message"]) == ["direct_message"])
        }
    }

    @Test func `who is named by an edit alone is told once, as far as one may see it`() async throws {
        try await RunningApp.shared { app in
            let ann = try await APIClient.signedUp(app.base)
            let (ben, cat) = (try await ann.invited("ben"), try await ann.invited("cat"))
            let (benID, catID) = (try await ben.userID(), try await cat.userID())
            let secret = try await ann.send(
                "POST", "/v1/rooms",
                ["kind": "team", "title": "Secret", "private": true, "userIds": [benID]])
            let message = try await ann.say("hear", in: secret.text("id")).text("id")
            let video = try await ann.upload(Self.bytes, title: "Film")
            let comment = try await ann.send(
                "POST", "/v1/videos/\(video)/comments", ["atSeconds": 1.5, "body": "look"]
            ).text("id")
            let names = "<@\(benID)> and <@\(catID)>"
            for words in ["hear \(names)", "hear", "hear again \(names)"] {
                let edited = try await ann.send("PATCH", "/v1/messages/\(message)", ["body": words])
                #expect(edited.status == 200, "\(edited.json)")
            }
            #expect(try await settled(ben, ["mention", "room_added"]) == ["mention", "room_added"])
            for words in ["look \(names)", "look", "look again \(names)"] {
                let edited = try await ann.send("PATCH", "/v1/comments/\(comment)", ["body": words])
                #expect(edited.status == 200, "\(edited.json)")
            }
            // The room's is not for her.
            #expect(try await settled(cat, ["mention"]) == ["mention"])
            let both = ["mention", "mention", "room_added"]
            #expect(try await settled(ben, both) == both)
            // Behind all that was said before, by the key of its order.
            _ = try await ann.say("last <@\(benID)>", in: secret.text("id"))
            _ = try await ann.send("POST", "/v1/videos/\(video)/comments", ["body": "last <@\(catID)>"])
            #expect(try await settled(ben, ["mention"] + both).count == 4)
            #expect(try await settled(cat, ["mention", "mention"]).count == 2)
            let told = try await cat.send("GET", "/v1/notifications")["items"] as? [[String: Any]]
            let first = try #require(told?.last)
            #expect(first["commentId"] as? String == comment && first["atSeconds"] as? Double == 1.5)
            #expect(first["excerpt"] as? String == "look again \(names)")
        }
    }

    @Test func `preferences are kept, and what makes no sense is refused`() async throws {
        try await RunningApp.shared { app in
            let ann = try await APIClient.signedUp(app.base)
            let path = "/v1/notifications/preferences"
            let standard = try await ann.send("GET", path)
            #expect(standard["email.mention"] as? String == "instant" && standard["quietHours"] is NSNull)
            let chosen: [String: Any] = [
                "email": ["mention": "digest", "video_failed": "off"], "inApp": ["video_failed": false],
                "digest": ["period": "weekly", "hour": 7],
                "quietHours": ["from": "22:00", "until": "07:30"], "timeZone": "Europe/Berlin",
            ]
            let saved = try await ann.send("PUT", path, chosen)
            #expect(saved.status == 200, "\(saved.json)")
            let read = try await ann.send("GET", path)
            #expect(NSDictionary(dictionary: read.json).isEqual(to: saved.json))
            #expect(
                read["email.mention"] as? String == "digest" && read["email.reply"] as? String == "instant")
            #expect(read["quietHours.until"] as? String == "07:30" && read["digest.hour"] as? Int == 7)
            let bad: [[String: Any]] = [
                ["timeZone": "Mars/Olympus"], ["digest": ["period": "daily", "hour": 24]],
                ["quietHours": ["from": "22:00", "until": "22:00"]], ["email": ["nothing": "off"]],
                ["email": ["mention": "loud"]], ["quietHours": ["from": "1", "until": "2"]],
            ]
            for body in bad { #expect(try await ann.send("PUT", path, body).status == 400, "\(body)") }
            _ = try await ann.upload(Self.bytes, title: "Film")
            try await app.until {
                try await ann.items("/v1/feed").contains { $0["type"] as? String == "video.failed" }
            }
            #expect(try await kinds(ann) == [])
        }
    }

    @Test func `preferences that are changed on several devices at once are all kept`() async throws {
        try await RunningApp.shared { app in
            let ann = try await APIClient.signedUp(app.base)
            let path = "/v1/notifications/preferences"
            let kinds = ["mention", "reply", "comment", "approval"]
            for isShown in [false, true, false] {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for kind in kinds {
                        group.addTask {
                            try await ann.send("PUT", path, ["inApp": [kind: isShown]]).status
                        }
                    }
                    for try await status in group { #expect(status == 200) }
                }
                let kept = try #require(try await ann.send("GET", path)["inApp"] as? [String: Bool])
                #expect(kinds.allSatisfy { kept[$0] == isShown }, "\(kept)")
            }
        }
    }

    @Test func `a letter comes once for what is wanted at once, and not at all in quiet hours`() async throws
    {
        let fast = ["feed.mail.interval=200ms", "mail.folder.path=letters"]
        try await RunningApp.with(fast) { app in
            let address = "ann-\(UUID().uuidString.lowercased())@example.com"
            let ann = try await APIClient.signedUp(app.base, email: address)
            let ben = try await ann.invited("ben")
            let hour = Calendar(identifier: .gregorian).dateComponents(in: .gmt, from: .now).hour ?? 0
            func clock(_ hour: Int) -> String { (hour % 24 < 10 ? "0" : "") + "\(hour % 24):00" }
            let quiet = ["quietHours": ["from": clock(hour + 23), "until": clock(hour + 3)]]
            #expect(try await ben.send("PUT", "/v1/notifications/preferences", quiet).status == 200)
            let benAddress = try await ben.send("GET", "/v1/me").text("user.email")
            for client in [ben, ann] {
                _ = try await client.settled(try await client.upload(Self.bytes, title: "Grün 🌿"))
            }
            let end = ContinuousClock.now + .seconds(30)
            while ContinuousClock.now < end, try app.letters(to: address).isEmpty {
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await settled(ben, ["video_failed"]) == ["video_failed"])
            // Whatever else would come has had its time.
            try await Task.sleep(for: .seconds(1))
            let letters = try app.letters(to: address)
            try #require(letters.count == 1, "\(letters)")
            #expect(letters[0].contains("Message-ID: <") && letters[0].contains("/#/videos/"))
            #expect(letters[0].contains("Subject: =?utf-8?B?"))
            #expect(try app.letters(to: benAddress).isEmpty)
        }
    }

    @Test func `whoever is added to a private room hears of it at once, by each process`() async throws {
        try await RunningApp.shared { app in
            let ann = try await APIClient.signedUp(app.base)
            let (ben, cat) = (try await ann.invited("ben"), try await ann.invited("cat"))
            let (benID, catID) = (try await ben.userID(), try await cat.userID())
            // On a stage, several connections come to several processes.
            var streams: [EventLines] = []
            for _ in 0..<3 {
                let stream = try await EventLines.open(ben, "/v1/notifications/events")
                #expect(try await stream.next(within: .seconds(10)) == "event: unread")
                #expect(try await stream.next(within: .seconds(10)) == "data: {\"unread\":0}")
                streams.append(stream)
            }
            let made = try await ann.send(
                "POST", "/v1/rooms", ["kind": "team", "title": "Secret", "private": true])
            let room = try made.text("id")
            #expect(try await ben.send("GET", "/v1/rooms/\(room)").status == 404)
            let added = try await ann.send(
                "POST", "/v1/rooms/\(room)/members", ["userIds": [benID, catID]])
            #expect(added.status < 300, "\(added.json)")
            for stream in streams {
                #expect(try await stream.next(within: .seconds(20)) == "event: notification")
                let data = try await stream.next(within: .seconds(5)) ?? ""
                #expect(data.contains("\"room_added\"") && data.contains(room) && data.contains("Secret"))
            }
            #expect(try await ben.send("GET", "/v1/rooms/\(room)").status == 200)
            let chat = try await ChatClient.connect(ben, rooms: [(room, nil)])
            try await chat.next("subscribed")
            // Not of one's own acts, nor of a room that one has left; of a new one from its beginning.
            #expect(try await settled(cat, ["room_added"]) == ["room_added"])
            #expect(try await cat.send("DELETE", "/v1/rooms/\(room)/members/\(catID)").status == 204)
            #expect(try await settled(cat, []) == [])
            let other = try await ben.send(
                "POST", "/v1/rooms",
                ["kind": "team", "title": "Other", "private": true, "userIds": [catID]])
            #expect(other.status == 201)
            #expect(try await settled(cat, ["room_added"]) == ["room_added"])
            #expect(try await kinds(ann) == [])
            #expect(try await kinds(ben) == ["room_added"])
        }
    }

    @Test func `new notifications come as events, until the session ends`() async throws {
        try await RunningApp.shared { app in
            let ann = try await APIClient.signedUp(app.base)
            let stream = try await EventLines.open(ann, "/v1/notifications/events")
            #expect(try await stream.next(within: .seconds(10)) == "event: unread")
            #expect(try await stream.next(within: .seconds(10)) == "data: {\"unread\":0}")
            _ = try await ann.settled(try await ann.upload(Self.bytes, title: "Film"))
            let name = try await stream.next(within: .seconds(20))
            let data = try await stream.next(within: .seconds(20))
            #expect(name == "event: notification" && data?.contains("\"video_failed\"") == true)
            #expect(try await stream.next(within: .seconds(10)) == "event: unread")
            #expect(try await stream.next(within: .seconds(10)) == "data: {\"unread\":1}")
            #expect(try await ann.send("DELETE", "/v1/sessions/current").status == 204)
            #expect(try await stream.next(within: .seconds(20)) == nil)
        }
    }
}
