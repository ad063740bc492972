import Foundation
import Testing

/// Search as people use it, on every stage.
@Suite(.serialized) struct SearchTests {
    private static let bytes = Data(repeating: 1, count: 1_000)

    private func titles(_ client: APIClient, _ text: String, _ more: String = "") async throws -> [String] {
        let query = try #require(text.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let answer = try await client.send("GET", "/v1/search?q=\(query)\(more)")
        #expect(answer.status == 200, "\(answer.json)")
        let items = try #require(answer["items"] as? [[String: Any]])
        return items.compactMap { ($0["title"] as? [String: Any])?["text"] as? String }
    }

    /// What is found once it is as expected, or at the end of the time that a projector may take.
    private func settled(_ client: APIClient, _ text: String, _ expected: [String]) async throws -> [String] {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if try await titles(client, text) == expected { return expected }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try await titles(client, text)
    }

    @Test func aFilmIsFoundWithATypoByItsTeamAloneUntilItIsDeleted() async throws {
        try await RunningApp.with { app in
            let (one, two) = (try await APIClient.signedUp(app.base), try await APIClient.signedUp(app.base))
            let video = try await one.upload(Self.bytes, title: "Überraschung am Fjord")
            let title = ["Überraschung am Fjord"]
            for text in ["uberraschung", "Überrashcung", "fj*", "\"am fjord\"", "fjord kind:video author:me"]
            {
                #expect(try await settled(one, text, title) == title, "\(text)")
                #expect(try await titles(two, text) == [], "\(text)")
            }
            let answer = try await one.send("GET", "/v1/search?q=fjrod&limit=1")
            let hit = try #require((answer["items"] as? [[String: Any]])?.first)
            #expect(hit["id"] as? String == video && hit["match"] as? String == "fuzzy")
            let marks = try #require((hit["title"] as? [String: Any])?["highlights"] as? [[String: Int]])
            #expect(marks == [["start": 16, "end": 21]])
            #expect(try await app.command("projections", "rebuild", "search", "--wipe").0 == 0)
            #expect(try await settled(one, "fjord", title) == title)
            #expect(try await app.command("projections", "rebuild", "nothing").0 == 2)
            let renamed = try await one.send("PATCH", "/v1/videos/\(video)", ["title": "Ferien"])
            #expect(renamed.status == 200)
            #expect(try await settled(one, "ferien", ["Ferien"]) == ["Ferien"])
            #expect(try await settled(one, "fjord", []) == [])
            #expect(try await one.send("DELETE", "/v1/videos/\(video)").status == 204)
            #expect(try await settled(one, "ferien", []) == [])
        }
    }

    @Test func peopleAreFoundByNameAndAddressUnderTheirNewestName() async throws {
        try await RunningApp.shared { app in
            let owner = try await APIClient.signedUp(app.base)
            let offer = try await owner.send(
                "POST", "/v1/invitations", ["email": "lin@harbour.example", "role": "viewer"])
            let joined = try await APIClient(base: app.base).send(
                "POST", "/v1/invitations/accept",
                ["token": try offer.text("token"), "name": "Lin Chen", "password": APIClient.password])
            let viewer = APIClient(base: app.base, token: try joined.text("session.accessToken"))
            for text in ["chen", "harbor", "lin@harbour.example", "kind:person lin"] {
                #expect(try await settled(viewer, text, ["Lin Chen"]) == ["Lin Chen"], "\(text)")
            }
            #expect(try await viewer.send("PATCH", "/v1/me", ["name": "Lin Sørensen"]).status == 200)
            #expect(try await settled(owner, "sorensen", ["Lin Sørensen"]) == ["Lin Sørensen"])
            #expect(try await titles(owner, "chen") == [])
            #expect(try await owner.send("DELETE", "/v1/users/\(try joined.text("user.id"))").status == 204)
            #expect(try await settled(owner, "sorensen", []) == [])
        }
    }

    @Test func whateverSomebodyTypesIsAnsweredOrRefused() async throws {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            let hostile = [
                "\"", "\"\"", "a\" OR \"b", "NEAR(a b)", "folded:x", "*", "' OR 1=1 --", "%", "\\", "\u{0}",
                "👍🏽",
                "<script>alert(1)</script>", "kind:", "kind:x", "author:x", "after:never", " ", "",
                String(repeating: "a", count: 10_000), String(repeating: "a ", count: 5_000),
                String(repeating: "\"", count: 200), "\u{202E}", "a:b:c", "$1", "?1", "{folded} : x",
            ]
            for text in hostile {
                let query = try #require(text.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
                let answer = try await client.send("GET", "/v1/search?q=\(query)")
                #expect([200, 400, 431].contains(answer.status), "\(text.prefix(20)): \(answer.json)")
            }
            for more in ["?q=%FF%00", "?q=a&cursor=x", "?q=a&cursor=9-1", "?q=a&limit=0", "?q=a&kind=x", ""] {
                let answer = try await client.send("GET", "/v1/search\(more)")
                #expect([200, 400].contains(answer.status), "\(more): \(answer.json)")
            }
            #expect(try await client.send("GET", "/v1/search").code == "invalid_request")
            #expect(try await APIClient(base: app.base).send("GET", "/v1/search?q=a").status == 401)
        }
    }
}
