import Foundation
import Testing

/// Messages by what was said, on every stage.
@Suite(.serialized) struct MessageSearchTests {
    @Test func `what was said is found with a typo, by those who may see it, as it is now`() async throws {
        try await RunningApp.with { app in
            let team = try await TeamOfFour(app.base)
            let stranger = try await APIClient.signedUp(app.base)
            let secret = try await team.ada.room([
                "kind": "team", "title": "Secret", "private": true, "userIds": [team.ids[2]],
            ])
            let open = try await team.ada.room(["kind": "team", "title": "Open"])
            let hidden = try await team.ada.say("the lighthouse budget is tiny", in: secret)
            let shown = try await team.ada.say("the lighthouse scene is long", in: open)

            func found(_ client: APIClient, _ text: String, _ more: String = "") async throws -> [String] {
                let query = try #require(text.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
                let answer = try await client.send("GET", "/v1/search?q=\(query)\(more)")
                let items = try #require(answer["items"] as? [[String: Any]], "\(answer.json)")
                return items.compactMap { ($0["excerpt"] as? [String: Any])?["text"] as? String }
            }
            let both = ["the lighthouse scene is long", "the lighthouse budget is tiny"]
            try await app.until(within: .seconds(30)) { try await found(team.viewer, "lihgthouse") == both }
            #expect(try await found(team.viewer, "lighthouse", "&roomId=\(secret)") == [both[1]])
            #expect(try await found(team.viewer, "lighthouse", "&kind=message") == both)
            for client in [team.bob, team.owner] {
                #expect(try await found(client, "lihgthouse") == [both[0]])
                #expect(try await found(client, "budget") == [])
                #expect(try await found(client, "lighthouse", "&roomId=\(secret)") == [])
            }
            #expect(try await found(stranger, "lighthouse") == [])

            let edit = try await team.ada.send(
                "PATCH", "/v1/messages/\(try shown.text("id"))", ["body": "the harbour scene is long"])
            #expect(edit.status == 200)
            try await app.until { try await found(team.bob, "harbour") == ["the harbour scene is long"] }
            #expect(try await found(team.bob, "lighthouse") == [])
            #expect(try await team.ada.send("DELETE", "/v1/messages/\(try hidden.text("id"))").status == 204)
            try await app.until { try await found(team.viewer, "budget") == [] }
            #expect(try await app.command("projections", "rebuild", "search", "--wipe").0 == 0)
            try await app.until { try await found(team.bob, "harbour").count == 1 }
            #expect(try await found(team.viewer, "budget") == [])
        }
    }
}
