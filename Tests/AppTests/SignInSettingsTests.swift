import Foundation
import NIOCore
import TestSocket
import Testing

/// Where a person is logged in, and the password.
@Suite(.serialized) struct SignInSettingsTests {
    private struct Person {
        let email = "\(UUID().uuidString)@example.com"
        let base: URL
        let first: APIClient

        init(_ base: URL) async throws {
            self.base = base
            first = try await APIClient.signedUp(base, email: email)
        }

        func signIn(password: String = APIClient.password) async throws -> APIClient.Answer {
            try await APIClient(base: base).send(
                "POST", "/v1/sessions", ["email": email, "password": password],
                headers: ["User-Agent": "Tester/2.0 (phone)"])
        }

        func signedIn() async throws -> APIClient {
            APIClient(base: base, token: try await signIn().text("accessToken"))
        }
    }

    @Test func `sessions are listed and ended, one of them or all others, everywhere at once`() async throws {
        try await RunningApp.shared { app in
            let person = try await Person(app.base)
            let (first, second) = (person.first, try await person.signedIn())
            let sessions = try await first.items("/v1/sessions")
            #expect(sessions.map { $0["isCurrent"] as? Bool } == [false, true])
            #expect(sessions[0]["userAgent"] as? String == "Tester/2.0 (phone)")
            for session in sessions {
                for name in ["createdAt", "lastSeenAt"] { #expect(session[name] is String) }
            }
            let id = try #require(sessions[0]["id"] as? String)
            let stranger = try await first.invited("Bob")
            #expect(try await stranger.send("DELETE", "/v1/sessions/\(id)").status == 404)
            #expect(try await stranger.items("/v1/sessions").count == 1)

            let socket = try await ChatClient.connect(second)
            try await socket.next("welcome")
            let stream = try await EventLines.open(second, "/v1/notifications/events")
            #expect(try await stream.next(within: .seconds(10)) == "event: unread")
            #expect(try await stream.next(within: .seconds(10)) == "data: {\"unread\":0}")
            #expect(try await first.send("DELETE", "/v1/sessions/\(id)").status == 204)
            #expect(
                try await socket.socket.closing(within: .seconds(4))
                    == .close(code: 4401, reason: "session_revoked"))
            #expect(try await stream.next(within: .seconds(20)) == nil)
            #expect(try await second.send("GET", "/v1/me").code == "session_revoked")
            #expect(try await first.send("DELETE", "/v1/sessions/\(id)").status == 204)

            let others = [try await person.signedIn(), try await person.signedIn()]
            #expect(try await first.send("DELETE", "/v1/sessions/others").status == 204)
            for other in others {
                // A process that has just seen the token, and not yet heard, sees it at its next look.
                try await app.until { try await other.send("GET", "/v1/me").code == "session_revoked" }
            }
            #expect(try await first.items("/v1/sessions").map { $0["isCurrent"] as? Bool } == [true])
            #expect(try await stranger.send("GET", "/v1/me").status == 200)
        }
    }

    @Test func `who held back a request's body while the session was ended changes nothing by it`()
        async throws
    {
        try await RunningApp.shared { app in
            let person = try await Person(app.base)
            let thief = try await person.signedIn()
            let body = #"{"name":"Mallory"}"#
            let socket = try await SocketClient.open(port: app.port)
            defer { socket.cut() }
            try await socket.sendBytes(
                ByteBuffer(
                    string: """
                        PATCH /v1/me HTTP/1.1\r\nHost: 127.0.0.1:\(app.port)\r\nConnection: close\r\n\
                        Authorization: Bearer \(try #require(thief.token))\r\n\
                        Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\
                        \(body.dropLast())
                        """))
            // What is asked behind it is answered: by then it has been let through.
            for _ in 0..<10 { #expect(try await thief.send("GET", "/v1/me").status == 200) }
            #expect(try await person.first.send("DELETE", "/v1/sessions/others").status == 204)
            try await app.until {
                // Whichever process answers.
                for _ in 0..<10 {
                    guard try await thief.send("GET", "/v1/me").code == "session_revoked" else {
                        return false
                    }
                }
                return true
            }
            #expect(socket.responseHead == nil)
            try await socket.sendBytes(ByteBuffer(string: String(body.suffix(1))))
            let refused = await #expect(throws: SocketClient.Refused.self) { try await socket.awaitUpgrade() }
            #expect(refused?.status == 401 && refused?.body.contains("session_revoked") == true)
            #expect(try await person.first.send("GET", "/v1/me").text("user.name") == "Ann")
        }
    }

    @Test func `a session that ran out is forgotten after a while, one that holds is not`() async throws {
        let soon = [
            "identity.accessTokenLifetime=4s", "identity.refreshTokenLifetime=5s",
            "identity.endedSessionRetention=1s", "identity.signInAttempts.perMinute=1000",
            "scheduler.removeExpired=1s",
        ]
        try await RunningApp.with(soon) { app in
            let person = try await Person(app.base)
            var id = ""
            // Ending it is harmless for as long as it is known. On a machine so slow that it, or the token of who
            // asks, runs out meanwhile, the next one does.
            try await app.until {
                let list = try await person.signedIn().send("GET", "/v1/sessions")
                let sessions = list["items"] as? [[String: Any]] ?? []
                guard let session = sessions.first(where: { $0["isCurrent"] as? Bool == true }) else {
                    return false
                }
                id = try #require(session["id"] as? String)
                return try await person.signedIn().send("DELETE", "/v1/sessions/\(id)").status == 204
            }
            try await app.until {
                let later = try await person.signedIn()
                let list = try await later.send("GET", "/v1/sessions")
                guard list.status == 200 else { return false }
                let sessions = list["items"] as? [[String: Any]] ?? []
                #expect(sessions.count { $0["isCurrent"] as? Bool == true } == 1)
                return try await later.send("DELETE", "/v1/sessions/\(id)").status == 404
            }
        }
    }

    @Test func `whoever's password is changed gets a letter, whatever was chosen, and one for each change`()
        async throws
    {
        let fast = ["feed.mail.interval=200ms", "mail.folder.path=letters"]
        try await RunningApp.with(fast) { app in
            let email = "ann-\(UUID().uuidString.lowercased())@example.com"
            let ann = try await APIClient.signedUp(app.base, email: email)
            let other = try await ann.invited("ben")
            let otherEmail = try await other.send("GET", "/v1/me").text("user.email")
            let preferences = "/v1/notifications/preferences"
            let kinds = try #require(try await ann.send("GET", preferences)["email"] as? [String: String])
            let silence: [String: Any] = [
                "email": kinds.mapValues { _ in "off" }, "digest": ["period": "off", "hour": 8],
                "quietHours": ["from": "00:00", "until": "23:59"],
            ]
            #expect(try await ann.send("PUT", preferences, silence).status == 200)
            let (new, key) = ("battery staple", UUID().uuidString)
            let wrong = ["currentPassword": "wrong horse", "newPassword": new]
            #expect(try await ann.send("PUT", "/v1/me/password", wrong).code == "password_wrong")
            for _ in 0..<2 {
                let changed = try await ann.send(
                    "PUT", "/v1/me/password", ["currentPassword": APIClient.password, "newPassword": new],
                    headers: ["Idempotency-Key": key])
                #expect(changed.status == 204, "\(changed.json)")
            }
            try await app.until { try app.letters(to: email).count == 1 }
            // Whatever else would come has had its time.
            try await Task.sleep(for: .seconds(1))
            let letters = try app.letters(to: email)
            try #require(letters.count == 1, "\(letters)")
            #expect(letters[0].contains("Subject: Your password was changed"))
            #expect(letters[0].contains("UTC") && letters[0].contains("/#/settings"))
            #expect(!letters[0].contains(new) && !letters[0].contains(APIClient.password))
            #expect(try app.letters(to: otherEmail).isEmpty)
        }
    }

    @Test func `a password is changed by whoever knows it, which ends all other sessions`() async throws {
        try await RunningApp.shared { app in
            let person = try await Person(app.base)
            let (first, second) = (person.first, try await person.signedIn())
            func change(_ current: String, _ new: String, key: String = UUID().uuidString) async throws
                -> APIClient.Answer
            {
                try await first.send(
                    "PUT", "/v1/me/password", ["currentPassword": current, "newPassword": new],
                    headers: ["Idempotency-Key": key])
            }
            let wrong = try await change("wrong horse", "battery staple")
            #expect(wrong.status == 403 && wrong.code == "password_wrong")
            let short = try await change(APIClient.password, "short")
            #expect(short.status == 400 && short.code == "invalid_request")
            #expect(try await second.send("GET", "/v1/me").status == 200)

            let socket = try await ChatClient.connect(second)
            try await socket.next("welcome")
            for _ in 0..<2 {
                #expect(try await change(APIClient.password, "battery staple", key: "k").status == 204)
            }
            #expect(
                try await socket.socket.closing(within: .seconds(4))
                    == .close(code: 4401, reason: "session_revoked"))
            try await app.until { try await second.send("GET", "/v1/me").code == "session_revoked" }
            #expect(try await first.send("GET", "/v1/me").status == 200)
            #expect(try await person.signIn().code == "invalid_credentials")
            #expect(try await person.signIn(password: "battery staple").status == 201)
        }
    }

    @Test func `guesses at the current password count as those at the log-in do`() async throws {
        // Signing up takes one as well; so few that none comes back while this runs.
        try await RunningApp.with(["identity.signInAttempts.perMinute=2"]) { app in
            let person = try await Person(app.base)
            for code in ["password_wrong", "rate_limited"] {
                let answer = try await person.first.send(
                    "PUT", "/v1/me/password",
                    ["currentPassword": "wrong horse", "newPassword": "battery staple"])
                #expect(answer.code == code)
            }
            #expect(try await person.signIn().code == "rate_limited")
        }
    }
}
