import Foundation
import Testing

/// Links for guests, on every stage.
@Suite(.serialized) struct GuestLinkTests {
    private static let bytes = Data(repeating: 1, count: 1_000)

    @Test func aGuestSeesOneVideoUntilTheLinkEnds() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let film = try Clips.film()
            let video = try await owner.upload(film, filename: "a.mp4")
            let other = try await owner.upload(Self.bytes)
            #expect(try await owner.settled(video)["state"] as? String == "ready")
            _ = try await owner.send(
                "POST", "/v1/videos/\(video)/comments", ["body": "seen", "atSeconds": 1])
            let done = try await owner.send("POST", "/v1/videos/\(video)/comments", ["body": "settled"])
            _ = try await owner.send("PATCH", "/v1/comments/\(done.text("id"))", ["resolved": true])
            let made = try await owner.send(
                "POST", "/v1/videos/\(video)/shares",
                ["password": "open sesame", "maximumViews": 2, "allowComments": true])
            #expect(made.status == 201, "\(made.json)")
            let (token, share) = (try made.text("token"), try made.text("share.id"))
            #expect(try made.text("url").hasSuffix("/shared/\(token)"))
            let guest = owner.guest
            let path = "/v1/shared/\(token)"
            let before = try await guest.send("GET", path)
            #expect(before["hasPassword"] as? Bool == true && before["viewsLeft"] as? Int == 2)
            let wrong = try await guest.send("POST", path + "/views", ["password": "x"])
            #expect(wrong.status == 403 && wrong.code == "password_wrong")
            let entry = try await guest.send(
                "POST", path + "/views", ["password": "open sesame", "name": "Gus"])
            #expect(entry.status == 201 && entry["video.createdBy"] == nil, "\(entry.json)")
            let pass = ["Authorization": "Guest \(try entry.text("guestToken"))"]
            let shown = try await guest.items(path + "/comments", headers: pass)
            #expect(shown.map { $0["body"] as? String } == ["seen"])
            let comment = try await guest.send(
                "POST", path + "/comments", ["body": "Guests can talk", "atSeconds": 2],
                headers: pass.merging(["Idempotency-Key": "g"]) { $1 })
            #expect(comment.status == 201 && comment["author.name"] as? String == "Gus")
            let master = try entry.text("video.playback.hls")
            #expect(
                try await guest.send("GET", master).headers["cache-control"]?.hasPrefix("private") == true)
            // The pass opens nothing else.
            for (method, address) in [
                ("GET", "/v1/videos"), ("GET", "/v1/videos/\(video)"),
                ("GET", "/v1/videos/\(other)/comments"),
                ("POST", "/v1/videos/\(video)/comments"), ("GET", "/v1/users"), ("GET", "/v1/search?q=a"),
            ] {
                #expect(try await guest.send(method, address, headers: pass).status == 401, "\(address)")
            }
            #expect(
                try await guest.send("GET", master.replacing(video, with: other)).code == "signature_invalid")
            #expect(try await guest.send("GET", path + "/comments").status == 401)
            try await foreignLinks(owner, other, pass)
            #expect(try await owner.send("DELETE", "/v1/videos/\(other)/shares/\(share)").status == 404)
            #expect(try await owner.send("DELETE", "/v1/videos/\(video)/shares/\(share)").status == 204)
            for address in [path, path + "/comments"] {
                let answer = try await guest.send("GET", address, headers: pass)
                #expect(answer.status == 410 && answer.code == "share_ended", "\(address)")
            }
            #expect(try await guest.send("GET", master).status == 403, "playback ends with the link")
            let list = try await owner.items("/v1/videos/\(video)/shares")
            #expect(list.first?["views"] as? Int == 1 && list.first?["revokedAt"] is String)
            #expect(list.first?["token"] == nil)
        }
    }

    /// A pass of one link at another's door.
    private func foreignLinks(_ owner: APIClient, _ other: String, _ pass: [String: String]) async throws {
        let made = try await owner.send("POST", "/v1/videos/\(other)/shares", [String: Any]())
        let path = "/v1/shared/\(try made.text("token"))"
        let guest = owner.guest
        #expect(try await guest.send("GET", path + "/comments", headers: pass).status == 401)
        let entry = try await guest.send("POST", path + "/views", [String: Any]())
        let own = ["Authorization": "Guest \(try entry.text("guestToken"))"]
        let refused = try await guest.send("POST", path + "/comments", ["body": "x"], headers: own)
        #expect(refused.status == 403, "a link for watching alone")
        #expect(try await owner.send("DELETE", "/v1/videos/\(other)").status == 204)
        #expect(try await guest.send("GET", path, headers: own).status == 404)
        #expect(try await guest.send("GET", path + "/comments", headers: own).status == 404)
    }

    @Test func `guests who may comment see what members are called, and nothing else of them`() async throws {
        try await RunningApp.shared { app in
            let email = "\(UUID().uuidString)@example.com"
            let owner = try await APIClient.signedUp(app.base, email: email)
            let (cy, dan) = (try await owner.invited("Cy"), try await owner.invited("Dan"))
            let video = try await owner.upload(Self.bytes)
            let mention = "<@\(try await dan.userID())> look"
            for (client, body) in [(owner, mention), (cy, "gone soon")] {
                let added = try await client.send("POST", "/v1/videos/\(video)/comments", ["body": body])
                #expect(added.status == 201, "\(added.json)")
            }
            #expect(try await owner.send("DELETE", "/v1/users/\(try await cy.userID())").status == 204)
            for mayComment in [true, false] {
                let made = try await owner.send(
                    "POST", "/v1/videos/\(video)/shares", ["allowComments": mayComment])
                let path = "/v1/shared/\(try made.text("token"))"
                let guest = owner.guest
                let entry = try await guest.send("POST", path + "/views", ["name": "Gus"])
                let pass = ["Authorization": "Guest \(try entry.text("guestToken"))"]
                if mayComment {
                    let said = try await guest.send(
                        "POST", path + "/comments", ["body": "hello"], headers: pass)
                    #expect(said.status == 201, "\(said.json)")
                }
                let answer = try await guest.send("GET", path + "/comments", headers: pass)
                let items = try #require(answer["items"] as? [[String: Any]])
                let names = items.map { ($0["author"] as? [String: Any])?["name"] as? String }
                #expect(names == [mayComment ? "Ann" : nil, nil, "Gus"], "\(answer.json)")
                let text = String(decoding: answer.data, as: UTF8.self)
                for secret in [email, "@example.com", "Dan"] { #expect(!text.contains(secret)) }
            }
            let own = try await owner.items("/v1/videos/\(video)/comments")
            #expect(own.map { ($0["author"] as? [String: Any])?["name"] as? String } == [nil, nil, "Gus"])
        }
    }

    @Test func `a guest who came too early sees the video once it is ready, which counts no view more`()
        async throws
    {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let video = try await owner.upload(Clips.film(), filename: "a.mp4")
            let made = try await owner.send("POST", "/v1/videos/\(video)/shares", ["maximumViews": 1])
            let (path, share) = ("/v1/shared/\(try made.text("token"))", try made.text("share.id"))
            let guest = owner.guest
            let entry = try await guest.send("POST", path + "/views", [String: Any]())
            let pass = ["Authorization": "Guest \(try entry.text("guestToken"))"]
            let end = ContinuousClock.now + .seconds(120)
            var seen = try await guest.send("GET", path + "/video", headers: pass)
            while ContinuousClock.now < end, seen["state"] as? String == "processing" {
                try await Task.sleep(for: .milliseconds(100))
                seen = try await guest.send("GET", path + "/video", headers: pass)
            }
            #expect(seen.status == 200 && seen["state"] as? String == "ready", "\(seen.json)")
            #expect(seen["createdBy"] == nil && seen["title"] as? String == "Film")
            let master = try seen.text("playback.hls")
            #expect(try await guest.send("GET", master).status == 200)
            for headers in [[:], ["Authorization": "Guest nonsense"]] {
                let refused = try await guest.send("GET", path + "/video", headers: headers)
                #expect(refused.status == 401, "\(refused.json)")
            }
            let list = try await owner.items("/v1/videos/\(video)/shares")
            #expect(list.first?["views"] as? Int == 1)
            #expect(try await owner.send("DELETE", "/v1/videos/\(video)/shares/\(share)").status == 204)
            #expect(try await guest.send("GET", path + "/video", headers: pass).code == "share_ended")
        }
    }

    @Test func `a view that is asked for again with its key, as gateways do, is counted once`() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let video = try await owner.upload(Self.bytes)
            let made = try await owner.send("POST", "/v1/videos/\(video)/shares", ["maximumViews": 1])
            let path = "/v1/shared/\(try made.text("token"))"
            let guest = APIClient(base: app.base)
            func enter(_ name: String) async throws -> APIClient.Answer {
                try await guest.send(
                    "POST", path + "/views", ["name": name], headers: ["Idempotency-Key": "k"])
            }
            let (first, again) = (try await enter("Gus"), try await enter("Gus"))
            #expect(first.status == 201 && again.status == 201, "\(again.json)")
            #expect(try first.text("guestToken") == again.text("guestToken"))
            #expect(try await enter("Eve").code == "idempotency_key_reused")
            let list = try await owner.items("/v1/videos/\(video)/shares")
            #expect(list.first?["views"] as? Int == 1)
        }
    }

    @Test func noMoreViewsThanAllowedHoweverManyComeAtOnce() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let video = try await owner.upload(Self.bytes)
            let made = try await owner.send("POST", "/v1/videos/\(video)/shares", ["maximumViews": 5])
            let path = "/v1/shared/\(try made.text("token"))"
            let answers = try await withThrowingTaskGroup(of: APIClient.Answer.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await owner.guest.send("POST", path + "/views", [String: Any]())
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let codes = Dictionary(grouping: answers) { $0.code ?? "\($0.status)" }.mapValues(\.count)
            #expect(codes["201"] == 5, "\(codes)")
            #expect((codes["share_ended"] ?? 0) + (codes["rate_limited"] ?? 0) == 15, "\(codes)")
            #expect((codes["rate_limited"] ?? 0) >= 1, "ten a minute from one address")
            #expect(try await owner.guest.send("GET", path).status == 410)
            let list = try await owner.items("/v1/videos/\(video)/shares")
            #expect(list.first?["views"] as? Int == 5)
        }
    }
}
