import Foundation
import Testing

extension APIClient {
    /// A member of this client's team, who came by an invitation.
    func invited(_ name: String, role: String = "member") async throws -> APIClient {
        let offer = try await send(
            "POST", "/v1/invitations", ["email": "\(UUID().uuidString)@example.com", "role": role])
        #expect(offer.status == 201, "\(offer.json)")
        let joined = try await guest.send(
            "POST", "/v1/invitations/accept",
            ["token": try offer.text("token"), "name": name, "password": APIClient.password])
        #expect(joined.status == 201, "\(joined.json)")
        return APIClient(base: base, token: try joined.text("session.accessToken"), place: place)
    }

    /// The same person in a session that has just begun.
    func loggedInAnew() async throws -> APIClient {
        let email = try await send("GET", "/v1/me").text("user.email")
        var client = self
        client.token = try await guest.send(
            "POST", "/v1/sessions", ["email": email, "password": APIClient.password]
        ).text("accessToken")
        return client
    }

    func userID() async throws -> String { try await send("GET", "/v1/me").text("user.id") }

    /// The id of the room wished for, which may be there already.
    func room(_ wish: [String: Any]) async throws -> String {
        let answer = try await send("POST", "/v1/rooms", wish)
        #expect([200, 201].contains(answer.status), "\(answer.json)")
        return try answer.text("id")
    }

    @discardableResult
    func say(
        _ body: String, in room: String, as clientID: String = UUID().uuidString, parent: String? = nil
    ) async throws -> Answer {
        var message = ["body": body, "clientId": clientID]
        message["parentId"] = parent
        return try await send("POST", "/v1/rooms/\(room)/messages", message)
    }

    /// Entries of a room.
    func messages(in room: String, _ query: String = "") async throws -> [[String: Any]] {
        try await items("/v1/rooms/\(room)/messages\(query)")
    }

    func items(_ path: String, headers: [String: String] = [:]) async throws -> [[String: Any]] {
        let answer = try await send("GET", path, headers: headers)
        #expect(answer.status == 200, "\(answer.json)")
        return try #require(answer["items"] as? [[String: Any]])
    }
}

/// A team of four, by what they may do.
struct TeamOfFour {
    let owner: APIClient
    let ada: APIClient
    let bob: APIClient
    let viewer: APIClient
    /// Of all but the owner.
    let ids: [String]

    init(_ base: URL) async throws {
        owner = try await APIClient.signedUp(base)
        ada = try await owner.invited("Ada")
        bob = try await owner.invited("Bob")
        viewer = try await owner.invited("Vi", role: "viewer")
        ids = [try await ada.userID(), try await bob.userID(), try await viewer.userID()]
    }
}

extension RunningApp {
    /// Waits until `condition` holds: by default as long as a projector may take on a busy machine.
    func until(
        line: Int = #line, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < end else {
                let told = try log().split(separator: "\n").filter { !$0.contains("\"level\":\"info\"") }
                throw StageFailure(
                    "what line \(line) waits for did not come to be: \(told.suffix(20).joined(separator: "\n"))"
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
