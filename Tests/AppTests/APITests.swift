import Foundation
import Testing

/// The API as documented: statuses, codes, pages, roles, tenants apart.
@Suite(.serialized) struct APITests {
    @Test func sessionsRefreshRotateAndEnd() async throws {
        try await RunningApp.shared { app in
            let client = APIClient(base: app.base)
            let email = "Ann@Example.com"
            let entry = try await client.send(
                "POST", "/v1/tenants",
                ["name": "Acme", "owner": ["email": email, "name": "Ann", "password": APIClient.password]])
            #expect(entry.status == 201)
            let taken = try await client.send(
                "POST", "/v1/tenants",
                [
                    "name": "Other",
                    "owner": ["email": "ann@example.com", "name": "B", "password": "password2"],
                ])
            #expect(taken.status == 409 && taken.code == "email_taken")
            let wrong = try await client.send(
                "POST", "/v1/sessions", ["email": email, "password": "wrong horse"])
            #expect(wrong.status == 401 && wrong.code == "invalid_credentials")
            let unknown = try await client.send(
                "POST", "/v1/sessions", ["email": "x@y.zz", "password": "wrong horse"])
            #expect(unknown.status == 401 && unknown.code == "invalid_credentials")
            let signedIn = try await client.send(
                "POST", "/v1/sessions", ["email": " ann@example.com ", "password": APIClient.password])
            #expect(signedIn.status == 201)
            let old = try signedIn.text("refreshToken")
            let renewed = try await client.send("POST", "/v1/sessions/refresh", ["refreshToken": old])
            #expect(renewed.status == 200)
            let reused = try await client.send("POST", "/v1/sessions/refresh", ["refreshToken": old])
            #expect(reused.status == 401 && reused.code == "session_revoked")
            let family = try await client.send(
                "POST", "/v1/sessions/refresh", ["refreshToken": try renewed.text("refreshToken")])
            #expect(family.status == 401, "reuse revokes the family")
            let caller = APIClient(base: app.base, token: try entry.text("session.accessToken"))
            #expect(try await caller.send("GET", "/v1/me").status == 200)
            #expect(try await caller.send("DELETE", "/v1/sessions/current").status == 204)
            // A process that has just seen the token, and not yet heard, sees it at its next look.
            try await app.until {
                let ended = try await caller.send("GET", "/v1/me")
                return ended.status == 401 && ended.code == "session_revoked"
            }
        }
    }

    @Test func anInvitedViewerMayWatchButNotUpload() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let offer = try await owner.send(
                "POST", "/v1/invitations", ["email": "v@example.com", "role": "viewer"])
            #expect(offer.status == 201)
            let acceptance: [String: Any] = [
                "token": try offer.text("token"), "name": "Vi", "password": "password3",
            ]
            let joined = try await APIClient(base: app.base).send(
                "POST", "/v1/invitations/accept", acceptance)
            #expect(joined.status == 201)
            let again = try await APIClient(base: app.base).send("POST", "/v1/invitations/accept", acceptance)
            #expect(again.status == 400 && again.code == "invitation_invalid")
            let viewer = APIClient(base: app.base, token: try joined.text("session.accessToken"))
            #expect(try await viewer.send("GET", "/v1/videos").status == 200)
            let refused = try await viewer.announce(Data([1]))
            #expect(refused.status == 403 && refused.code == "forbidden")
            #expect(
                try await viewer.send("POST", "/v1/invitations", ["email": "a@b.cc", "role": "viewer"]).status
                    == 403)
            let viewerID = try joined.text("user.id")
            let promoted = try await owner.send("PATCH", "/v1/users/\(viewerID)", ["role": "member"])
            #expect(promoted["role"] as? String == "member")
            #expect(try await owner.send("DELETE", "/v1/users/\(viewerID)").status == 204)
            let me = try await owner.send("GET", "/v1/me")
            let last = try await owner.send("DELETE", "/v1/users/\(try me.text("user.id"))")
            #expect(last.status == 409 && last.code == "last_owner")
        }
    }

    @Test func tenantsSeeNothingOfEachOther() async throws {
        try await RunningApp.shared { app in
            let (one, two) = (try await APIClient.signedUp(app.base), try await APIClient.signedUp(app.base))
            let film = try Clips.film()
            let announced = try await one.announce(film)
            let (video, upload) = (try announced.text("video.id"), try announced.text("upload.id"))
            let attempts: [(String, String, Any?)] = [
                ("GET", "/v1/videos/\(video)", nil), ("PATCH", "/v1/videos/\(video)", ["title": "mine"]),
                ("DELETE", "/v1/videos/\(video)", nil), ("GET", "/v1/videos/\(video)/events", nil),
                ("GET", "/v1/uploads/\(upload)", nil),
                ("POST", "/v1/uploads/\(upload)/parts", ["numbers": [1]]),
                ("POST", "/v1/uploads/\(upload)/complete", ["parts": [Any]()]),
                ("DELETE", "/v1/uploads/\(upload)", nil),
            ]
            for (method, path, body) in attempts {
                #expect(try await two.send(method, path, body).status == 404, "\(method) \(path)")
            }
            #expect(
                (try await two.send("GET", "/v1/videos?state=awaiting_upload")["items"] as? [Any])?.isEmpty
                    == true)
            #expect((try await two.send("GET", "/v1/users")["items"] as? [Any])?.count == 1)
            #expect(try await one.send("GET", "/v1/videos/\(video)").status == 200)
        }
    }

    @Test func listsArePagedByKey() async throws {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            var made: [String] = []
            for number in 1...7 {
                made.append(try await client.announce(Data([1]), title: "\(number)").text("video.id"))
            }
            var seen: [String] = []
            var cursor = ""
            repeat {
                let page = try await client.send("GET", "/v1/videos?state=awaiting_upload&limit=3\(cursor)")
                seen += (page["items"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
                cursor = (page["nextCursor"] as? String).map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(seen == made.reversed())
            let upward = try await client.send(
                "GET", "/v1/videos?state=awaiting_upload&sort=createdAt&limit=100")
            let ids = (upward["items"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
            #expect(ids == made)
            #expect(try await client.send("GET", "/v1/videos?sort=size").code == "invalid_request")
            #expect(try await client.send("GET", "/v1/videos?limit=0").code == "invalid_request")
            #expect(try await client.send("GET", "/v1/videos?cursor=x").code == "invalid_request")
            #expect(try await client.send("GET", "/v1/videos?state=x").code == "invalid_request")
        }
    }

    @Test func badInputGetsAProblemAndChangesNothing() async throws {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            func post(_ raw: String, _ type: String = "application/json") async throws -> APIClient.Answer {
                try await client.send(
                    "POST", "/v1/videos", headers: ["Content-Type": type], raw: Data(raw.utf8))
            }
            for raw in [
                "", "{", "[]", "null", "{\"title\":1}", "\u{0}", String(repeating: "[", count: 50_000),
            ] {
                let answer = try await post(raw)
                #expect(
                    answer.status == 400 && answer.code == "invalid_request",
                    "\(raw.prefix(20)): \(answer.json)")
                #expect(answer.headers["content-type"] == "application/problem+json")
                #expect(answer["requestId"] as? String == answer.headers["x-request-id"])
            }
            #expect(try await post("{}", "text/plain").status == 415)
            #expect(try await post(String(repeating: " ", count: 300_000)).status == 413)
            let injected = [
                "' OR 1=1 --", "\"; DROP TABLE videos; --", "<script>alert(1)</script>", "\u{202E}evil",
            ]
            for title in injected {
                let answer = try await client.announce(Data([1]), title: title)
                #expect(answer["video.title"] as? String == title)
            }
            let unknown = try await client.send("GET", "/v1/nothing")
            #expect(unknown.status == 404 && unknown.code == "not_found")
            #expect(try await client.send("GET", "/v1/videos/not-an-id").status == 404)
            let anonymous = APIClient(base: app.base)
            #expect(try await anonymous.send("GET", "/v1/me").code == "unauthenticated")
            #expect(
                try await APIClient(base: app.base, token: "a.b.c").send("GET", "/v1/me").code
                    == "unauthenticated")
            #expect(
                try await client.send("GET", "/v1/videos?state=awaiting_upload").json["items"] as? [Any]
                    != nil)
        }
    }

    @Test func methodsAreRefusedWithWhatIsAllowed() async throws {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            let refused = try await client.send("PUT", "/v1/videos")
            #expect(refused.status == 405 && refused.code == "method_not_allowed")
            #expect(refused.headers["allow"] == "GET, HEAD, POST")
            let head = try await client.send("HEAD", "/")
            #expect(head.status == 200 && head.data.isEmpty)
            for path in ["/", "/livez", "/nope", "/v1/me", "/v1/sessions"] {
                let raw = try Clips.run(
                    "curl",
                    [
                        "-s", "-i", "-X", "HEAD", "-m", "10", "--ignore-content-length", "-H",
                        "Connection: close",
                        app.base.absoluteString + path,
                    ])
                let (status, rest) = (
                    raw.prefix(12), raw.components(separatedBy: "\r\n\r\n").dropFirst().joined()
                )
                #expect(status.hasPrefix("HTTP/1.1") && rest.isEmpty, "\(path): \(raw)")
            }
            let length = try await client.send("HEAD", "/livez").headers["content-length"]
            #expect(length == "15")
        }
    }

    @Test func twoVersionsOfAVideoAreServedSideBySide() async throws {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            let video = try await client.announce(Data([1]), title: "Two").text("video.id")
            let (one, two) = (
                try await client.send("GET", "/v1/videos/\(video)"),
                try await client.send("GET", "/v2/videos/\(video)")
            )
            #expect(one["state"] as? String == "awaiting_upload")
            #expect(two["processing.state"] as? String == "awaiting_upload")
            #expect(two["source.filename"] as? String == one["filename"] as? String)
            #expect(two["state"] == nil)
        }
    }

    @Test func otherOriginsMayCallOnlyWhereTheProfileAllowsThem() async throws {
        try await RunningApp.with(["http.allowedOrigins=[https://studio.example.com]"]) { app in
            let client = APIClient(base: app.base)
            let asking = ["Origin": "https://studio.example.com", "Access-Control-Request-Method": "POST"]
            let allowed = try await client.send("OPTIONS", "/v1/videos", headers: asking)
            #expect(allowed.status == 204)
            #expect(allowed.headers["access-control-allow-origin"] == "https://studio.example.com")
            let other = ["Origin": "https://evil.example.com", "Access-Control-Request-Method": "POST"]
            let refused = try await client.send("OPTIONS", "/v1/videos", headers: other)
            #expect(refused.headers["access-control-allow-origin"] == nil)
        }
    }

    @Test func guessingPasswordsIsSlowedDown() async throws {
        // So few that none comes back while this runs.
        try await RunningApp.with(["identity.signInAttempts.perMinute=1"]) { app in
            let client = APIClient(base: app.base)
            let guess = ["email": "a@b.cc", "password": "guess guess"]
            #expect(try await client.send("POST", "/v1/sessions", guess).status == 401)
            let refused = try await client.send("POST", "/v1/sessions", guess)
            #expect(refused.status == 429 && refused.code == "rate_limited")
            #expect(refused.headers["retry-after"] != nil)
        }
    }

    @Test func everyRouteIsDescribedAndEveryDescriptionHasARoute() async throws {
        try await RunningApp.shared { app in
            let client = APIClient(base: app.base)
            let document = try await client.send("GET", "/openapi.json")
            #expect(document["openapi"] as? String == "3.1.0")
            var described: Set<String> = []
            for (path, operations) in try #require(document["paths"] as? [String: [String: Any]]) {
                for method in operations.keys { described.insert("\(method.uppercased()) \(path)") }
            }
            let routes = try await RouteListing.all()
            #expect(described.subtracting(routes).isEmpty, "described only")
            #expect(routes.subtracting(described).isEmpty, "not described")
        }
    }

    @Test func schemasAndKeysAreServed() async throws {
        try await RunningApp.shared { app in
            let client = APIClient(base: app.base)
            let list = try await client.send("GET", "/v1/schemas")
            let items = try #require(list["items"] as? [[String: Any]])
            #expect(items.count >= 8)
            for item in items {
                let schema = try await client.send("GET", try #require(item["url"] as? String))
                #expect(schema["title"] as? String == item["type"] as? String)
            }
            #expect(try await client.send("GET", "/v1/schemas/video.uploaded/9").status == 404)
            let keys = try await client.send("GET", "/.well-known/jwks.json")
            #expect((keys["keys"] as? [[String: Any]])?.first?["kty"] as? String == "OKP")
            let metrics = try await APIClient(base: URL(string: "http://127.0.0.1:\(app.adminPort)")!).send(
                "GET", "/metrics")
            let text = String(decoding: metrics.data, as: UTF8.self)
            for name in [
                "http_requests_total", "http_request_seconds_bucket", "relational_commits_total", "jobs{",
            ] {
                #expect(text.contains(name), "\(name) in metrics")
            }
            #expect(try await client.send("GET", "/metrics").status == 404)
        }
    }
}
