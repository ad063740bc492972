import Foundation
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
        try await RunningApp.with { app in
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

    @Test func `a password is changed by whoever knows it, which ends all other sessions`() async throws {
        try await RunningApp.with { app in
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
        try await RunningApp.with(["identity.signInAttempts.perMinute=5"]) { app in
            let person = try await Person(app.base)
            var codes: [String?] = []
            for _ in 0..<8 {
                let answer = try await person.first.send(
                    "PUT", "/v1/me/password",
                    ["currentPassword": "wrong horse", "newPassword": "battery staple"])
                codes.append(answer.code)
            }
            #expect(codes.first == "password_wrong" && codes.last == "rate_limited", "\(codes)")
            #expect(try await person.signIn().code == "rate_limited")
        }
    }
}
