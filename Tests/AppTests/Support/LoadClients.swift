import Foundation
import Testing

/// Clients that use the API without pause while something happens to it.
///
/// Each write has an idempotency key and is repeated until it is answered, as a careful client does; what was answered
/// must be there at the end, once.
actor LoadClients {
    struct Outcome: Sendable {
        var requests = 0
        /// Requests that got no answer, or one that says try again.
        var failures: [String] = []
        /// Titles of videos whose announcement was answered with 201.
        var acknowledged: Set<String> = []
        /// Reads behind an own write that did not show it.
        var staleReads = 0

        /// What was acknowledged and is not among the titles found.
        func lost(among titles: [String]) -> Set<String> { acknowledged.subtracting(titles) }

        static func doubled(in titles: [String]) -> Set<String> {
            Set(Dictionary(grouping: titles) { $0 }.filter { $0.value.count > 1 }.keys)
        }
    }

    private let client: APIClient
    private var outcome = Outcome()
    private var isStopping = false

    init(_ client: APIClient) { self.client = client }

    /// What happened while `body` ran.
    static func around(
        _ client: APIClient, clients: Int = 3, _ body: @Sendable () async throws -> Void
    ) async throws -> Outcome {
        let load = LoadClients(client)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<clients { group.addTask { try await load.work(number) } }
            try await body()
            await load.stop()
            try await group.waitForAll()
        }
        return await load.outcome
    }

    /// Exactly what was acknowledged is listed, each once.
    static func expectAll(_ outcome: Outcome, _ client: APIClient) async throws {
        var titles: [String] = []
        var cursor: String?
        repeat {
            let page = try await client.send(
                "GET", "/v1/videos?state=awaiting_upload&limit=100" + (cursor.map { "&cursor=\($0)" } ?? ""))
            titles += (page["items"] as? [[String: Any]] ?? []).compactMap { $0["title"] as? String }
            cursor = page["nextCursor"] as? String
        } while cursor != nil
        #expect(outcome.lost(among: titles).isEmpty, "acknowledged and lost")
        #expect(Outcome.doubled(in: titles).isEmpty, "doubled")
    }

    private func stop() { isStopping = true }

    private func work(_ number: Int) async throws {
        var step = 0
        while !isStopping {
            step += 1
            let title = "load \(number)-\(step)"
            guard let video = try await announce(title) else { continue }
            let read = try? await client.send("GET", "/v1/videos/\(video)")
            note(read?.status, "read \(title)")
            if read?.status == 404 { outcome.staleReads += 1 }
            let list = try? await client.send("GET", "/v1/videos?limit=5")
            note(list?.status, "list")
        }
    }

    /// The id, once it is answered.
    private func announce(_ title: String) async throws -> String? {
        let key = UUID().uuidString
        let body: [String: Any] = [
            "title": title, "filename": "f.mp4", "bytes": 6_000_000, "contentType": "video/mp4",
        ]
        for _ in 0..<200 {
            let answer = try? await client.send(
                "POST", "/v1/videos", body, headers: ["Idempotency-Key": key])
            note(answer?.status, "announce \(title) \(answer?.code ?? "")")
            if let answer, answer.status == 201 {
                outcome.acknowledged.insert(title)
                return try answer.text("video.id")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("\(title) was never answered")
        return nil
    }

    private func note(_ status: Int?, _ what: String) {
        outcome.requests += 1
        if let status, (200..<300).contains(status) { return }
        outcome.failures.append("\(what): \(status.map(String.init) ?? "no answer")")
    }
}
