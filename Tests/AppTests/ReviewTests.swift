import Foundation
import Testing

/// Review as teams and their guests use it, on every stage.
@Suite(.serialized) struct ReviewTests {
    private static let bytes = Data(repeating: 1, count: 1_000)

    @Test func `the stream of a video ends with the session that opened it`() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let video = try await owner.upload(Self.bytes, title: "Film")
            #expect(try await owner.settled(video)["state"] as? String == "failed")
            let stream = try await EventLines.open(owner, "/v1/videos/\(video)/events?comments=true")
            #expect(try await stream.next(within: .seconds(10)) == "event: video")
            #expect(try await stream.next(within: .seconds(10))?.hasPrefix("data: {") == true)
            let said = try await owner.send("POST", "/v1/videos/\(video)/comments", ["body": "Hi"])
            #expect(said.status == 201)
            #expect(try await stream.next(within: .seconds(10)) == "event: comments")
            #expect(try await stream.next(within: .seconds(10)) == "data: {\"videoId\":\"\(video)\"}")
            #expect(try await owner.send("DELETE", "/v1/sessions/current").status == 204)
            #expect(try await stream.next(within: .seconds(20)) == nil)
        }
    }

    @Test func aTeamCommentsSettlesAndExports() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let bea = try await owner.invited("Bea, \"B\"")
            let beaID = try await bea.userID()
            let video = try await owner.upload(Self.bytes, title: "Überraschung, Teil 1")
            let path = "/v1/videos/\(video)/comments"
            let drawing: [String: Any] = [
                "strokes": [["color": "#ff8800", "width": 0.01, "points": [[0, 0.5], [1, 0.25]]]]
            ]
            let body: [String: Any] = [
                "atSeconds": 10.04, "untilSeconds": 12, "body": "Too loud <@\(beaID)>", "drawing": drawing,
            ]
            let key = ["Idempotency-Key": "c1"]
            let made = try await owner.send("POST", path, body, headers: key)
            let again = try await owner.send("POST", path, body, headers: key)
            #expect(made.status == 201 && made.data == again.data)
            let top = try made.text("id")
            #expect(made["mentions"] as? [String] == [beaID] && made["atSeconds"] as? Double == 10.04)
            #expect((made["drawing.strokes"] as? [[String: Any]])?.first?["color"] as? String == "#ff8800")
            #expect(made["deletedAt"] is NSNull && made["author.name"] is NSNull)
            let reply = try await bea.send("POST", path, ["body": "=Done, \"really\"", "parentId": top])
            #expect(reply.status == 201 && reply["atSeconds"] as? Double == 10.04)
            let shown = try await owner.send("GET", "/v1/videos/\(video)")
            #expect(shown["commentCount"] as? Int == 2 && shown["openCommentCount"] as? Int == 1)
            #expect(
                try await owner.items(path).map { $0["id"] as? String }
                    == [top, try reply.text("id")])
            let foreign = try await bea.send("PATCH", "/v1/comments/\(top)", ["body": "x"])
            #expect(foreign.status == 403)
            let settled = try await bea.send("PATCH", "/v1/comments/\(top)", ["resolved": true])
            #expect(settled["resolvedBy"] as? String == beaID)
            #expect(try await owner.items(path + "?resolved=false").isEmpty)
            #expect(try await owner.items(path + "?resolved=true&limit=1").count == 1)
            try await exports(owner, path, reply: try reply.text("id"))
            #expect(try await bea.send("DELETE", "/v1/comments/\(top)").status == 403)
            #expect(try await owner.send("DELETE", "/v1/comments/\(top)").status == 204)
            #expect(try await owner.send("DELETE", "/v1/comments/\(top)").status == 404)
            #expect(try await owner.items(path)[0]["body"] is NSNull)
            for (bad, status) in [
                (["body": ""], 400), (["body": "x", "atSeconds": -1], 400), (["atSeconds": 1], 400),
                (["body": "x", "parentId": UUID().uuidString.lowercased()], 409),
                (["body": "x", "parentId": "x"], 400), (["body": "x", "drawing": ["strokes": []]], 400),
                (
                    [
                        "body": "x",
                        "drawing": ["strokes": [["color": "#000000", "width": 0.01, "points": [[1]]]]],
                    ], 400
                ),
            ] as [([String: Any], Int)] {
                #expect(try await owner.send("POST", path, bad).status == status, "\(bad)")
            }
        }
    }

    private func exports(_ client: APIClient, _ path: String, reply: String) async throws {
        let table = try await client.send("GET", path + "/export?format=csv&fps=25")
        #expect(table.headers["content-type"] == "text/csv; charset=utf-8")
        let name = try #require(table.headers["content-disposition"])
        #expect(
            name.hasPrefix(
                "attachment; filename=\"-berraschung--Teil-1-comments.csv\"; filename*=UTF-8''%C3%9C"))
        let text = try Clips.run("python3", ["-c", Self.reader, String(decoding: table.data, as: UTF8.self)])
        let rows = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: String]])
        #expect(rows.map { $0["timecode"] } == ["00:00:10:01", "00:00:10:01"])
        #expect(rows[0]["comment"] == "Too loud @Bea, \"B\"" && rows[0]["author"] == "Ann")
        #expect(rows[1]["id"] == reply && rows[1]["comment"] == "'=Done, \"really\"")
        let list = try await client.send("GET", path + "/export?format=edl&fps=23.976&start=00:00:00:00")
        let lines = String(decoding: list.data, as: UTF8.self).components(separatedBy: "\r\n")
        #expect(lines[3] == "001  001      V     C        00:00:10:00 00:00:10:01 00:00:10:00 00:00:10:01  ")
        #expect(lines[4].contains(" / Bea, \"B\": =Done") && lines[4].hasSuffix(" |D:48"))
        for query in ["format=xls", "fps=26", "format=edl&start=1"] {
            #expect(try await client.send("GET", path + "/export?" + query).status == 400, "\(query)")
        }
    }

    private static let reader =
        "import csv,io,json,sys; print(json.dumps(list(csv.DictReader(io.StringIO(sys.argv[1], newline='')))))"

    @Test func versionsAreStackedAndJudged() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let bea = try await owner.invited("Bea, \"B\"")
            let beaID = try await bea.userID()
            let first = try await owner.upload(Self.bytes, title: "Film")
            #expect(
                try await owner.send("PUT", "/v1/videos/\(first)/approval", ["state": "approved"]).status
                    == 200)
            let verdict = try await bea.send(
                "PUT", "/v1/videos/\(first)/approval", ["state": "changes_requested", "note": "Louder"])
            #expect(verdict["state"] as? String == "changes_requested")
            let said = try #require(verdict["items"] as? [[String: Any]])
            #expect(said.count == 2 && said.last?["userId"] as? String == beaID)
            #expect(
                try await owner.send("PUT", "/v1/videos/\(first)/approval", ["state": "maybe"]).status == 400)
            let made = try await owner.announce(Self.bytes, title: "Film 2", more: ["versionOf": first])
            let second = try made.text("video.id")
            let listed = { (query: String) async throws in
                try await owner.items("/v1/videos" + query).compactMap { $0["id"] as? String }
            }
            #expect(try await listed("?latest=true") == [first], "until the bytes have come")
            #expect(try await owner.finish(upload: made.text("upload.id"), Self.bytes).status == 202)
            #expect(try await listed("?latest=true") == [second])
            #expect(try await listed("") == [second, first])
            let versions = try await bea.items("/v1/videos/\(first)/versions")
            #expect(versions.map { $0["id"] as? String } == [second, first])
            #expect(versions.map { $0["approval"] as? String } == ["pending", "changes_requested"])
            let places = versions.compactMap { $0["version"] as? [String: Any] }
            #expect(places.map { $0["number"] as? Int } == [2, 1])
            #expect(places.map { $0["isLatest"] as? Bool } == [true, false])
            #expect(places.allSatisfy { $0["stackId"] as? String == first })
            // Comments stay on the version they were made on.
            for (video, body) in [(first, "old"), (second, "new")] {
                _ = try await bea.send("POST", "/v1/videos/\(video)/comments", ["body": body])
                let comments = try await bea.items("/v1/videos/\(video)/comments")
                #expect(comments.map { $0["body"] as? String } == [body])
            }
            #expect(try await owner.send("DELETE", "/v1/videos/\(second)").status == 204)
            #expect(try await listed("?latest=true") == [first])
            let refused = try await bea.announce(Self.bytes, more: ["versionOf": first])
            #expect(refused.status == 403)
        }
    }

    @Test func anotherTeamFindsNothingToReview() async throws {
        try await RunningApp.shared { app in
            let (one, two) = (try await APIClient.signedUp(app.base), try await APIClient.signedUp(app.base))
            let video = try await one.upload(Self.bytes)
            let comment = try await one.send("POST", "/v1/videos/\(video)/comments", ["body": "private"])
            let share = try await one.send("POST", "/v1/videos/\(video)/shares", [String: Any]())
            let attempts: [(String, String, Any?)] = [
                ("GET", "/v1/videos/\(video)/comments", nil),
                ("POST", "/v1/videos/\(video)/comments", ["body": "x"]),
                ("GET", "/v1/videos/\(video)/comments/export", nil),
                ("PATCH", "/v1/comments/\(try comment.text("id"))", ["resolved": true]),
                ("PATCH", "/v1/comments/\(try comment.text("id"))", ["body": "x"]),
                ("DELETE", "/v1/comments/\(try comment.text("id"))", nil),
                ("GET", "/v1/videos/\(video)/approvals", nil),
                ("PUT", "/v1/videos/\(video)/approval", ["state": "approved"]),
                ("GET", "/v1/videos/\(video)/versions", nil),
                ("GET", "/v1/videos/\(video)/shares", nil),
                ("POST", "/v1/videos/\(video)/shares", [String: Any]()),
                ("DELETE", "/v1/videos/\(video)/shares/\(try share.text("share.id"))", nil),
                ("GET", "/v1/videos/\(video)/events?comments=true", nil),
            ]
            for (method, path, body) in attempts {
                #expect(try await two.send(method, path, body).status == 404, "\(method) \(path)")
                let nobody = try await APIClient(base: app.base).send(method, path, body)
                #expect(nobody.status == 401, "\(method) \(path)")
            }
            let stacked = try await two.announce(Self.bytes, more: ["versionOf": video])
            #expect(stacked.status == 404)
            // What they have of their own does not mix with it.
            let own = try await two.upload(Self.bytes)
            let reply = try await two.send(
                "POST", "/v1/videos/\(own)/comments",
                ["body": "x", "parentId": try comment.text("id")])
            #expect(reply.status == 409 && reply.code == "parent_missing")
            #expect(try await one.send("GET", "/v1/videos/\(video)")["commentCount"] as? Int == 1)
        }
    }

    @Test func watchersHearOfCommentsAndCommentsAreFound() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let video = try await owner.upload(Self.bytes, title: "Silent")
            _ = try await owner.settled(video)
            let stream = try await EventLines.open(owner, "/v1/videos/\(video)/events?comments=true")
            #expect(try await stream.next(within: .seconds(30)) == "event: video")
            #expect(try await stream.next(within: .seconds(30))?.hasPrefix("data: {") == true)
            var ids: [String] = []
            for body in ["The harpsichord is out of tune", "So it is"] {
                let comment = try await owner.send(
                    "POST", "/v1/videos/\(video)/comments", ["body": body])
                ids.append(try comment.text("id"))
                // Comments alone are no news of the video, which would be told first.
                #expect(try await stream.next(within: .seconds(30)) == "event: comments")
                #expect(try await stream.next(within: .seconds(30)) == "data: {\"videoId\":\"\(video)\"}")
            }
            func found() async throws -> [String] {
                try await owner.items("/v1/search?q=harpsichrod&kind=comment").compactMap {
                    $0["id"] as? String
                }
            }
            func settles(_ expected: [String]) async throws -> Bool {
                let end = ContinuousClock.now + .seconds(60)
                while ContinuousClock.now < end {
                    if try await found() == expected { return true }
                    try await Task.sleep(for: .milliseconds(100))
                }
                return false
            }
            #expect(try await settles([ids[0]]))
            #expect(try await owner.send("DELETE", "/v1/videos/\(video)").status == 204)
            #expect(try await settles([]), "gone with its video")
        }
    }
}
