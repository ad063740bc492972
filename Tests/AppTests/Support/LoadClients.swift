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
        /// Bytes of the tenant's quota that announcements take.
        var usage = CounterHistory()
        /// Of each client, the title of a video that it renames.
        var registers: [Int: RegisterHistory] = [:]

        var pairs: Int { registers.values.reduce(0) { $0 + $1.pairs } }
        var readsThatWentBack: Int { registers.values.reduce(0) { $0 + $1.readsThatWentBack } }

        /// What was acknowledged and is not among the titles found.
        func lost(among titles: [String]) -> Set<String> { acknowledged.subtracting(titles) }

        static func doubled(in titles: [String]) -> Set<String> {
            Set(Dictionary(grouping: titles) { $0 }.filter { $0.value.count > 1 }.keys)
        }
    }

    private let clients: [APIClient]
    private var outcome = Outcome()
    private var isStopping = false

    private init(_ clients: [APIClient]) { self.clients = clients }

    /// What happened while `body` ran.
    ///
    /// That reads are never behind is part of what is shown: each client leaves it to the server what it has seen and
    /// done, or, where the server may forget, tells its own place with each request.
    static func around(
        _ client: APIClient, clients: Int = 3, tellPlaces: Bool = false,
        _ body: @Sendable () async throws -> Void
    ) async throws -> Outcome {
        let load = LoadClients(
            (0..<clients).map { _ in
                var one = client.alone
                if tellPlaces { one.place = SharedPlace() }
                return one
            })
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
            let page = try await client.served(
                "GET", "/v1/videos?state=awaiting_upload&limit=100" + (cursor.map { "&cursor=\($0)" } ?? ""))
            try #require(page.status == 200, "\(page.json)")
            titles += (page["items"] as? [[String: Any]] ?? []).compactMap { $0["title"] as? String }
            cursor = page["nextCursor"] as? String
        } while cursor != nil
        #expect(outcome.lost(among: titles).isEmpty, "acknowledged and lost")
        #expect(Outcome.doubled(in: titles).isEmpty, "doubled")
    }

    private func stop() { isStopping = true }

    private static let announcedBytes = 6_000_000
    /// A process that died is back much sooner, also where starting takes long.
    private static let patience: Duration = .seconds(120)

    private func work(_ number: Int) async throws {
        let client = clients[number]
        guard let register = try await announce("register \(number) 0", by: client) else { return }
        var step = 0
        while !isStopping {
            step += 1
            if try await rename(register, "register \(number) \(step)", by: client) {
                outcome.registers[number, default: RegisterHistory()].wrote(step)
            }
            await look(at: register, of: number)
            // Each announcement opens an upload, of which the store of the tests holds a thousand.
            guard step % 8 == 1 else { continue }
            let title = "load \(number)-\(step)"
            guard let video = try await announce(title, by: client) else { continue }
            let read = try? await client.send("GET", "/v1/videos/\(video)")
            note(read?.status, "read \(title)")
            if read?.status == 404 { outcome.staleReads += 1 }
            let list = try? await client.send("GET", "/v1/videos?limit=5")
            note(list?.status, "list")
            await look(at: register, of: number)
        }
    }

    /// Repeated until it is answered: to be named the same twice is to be named once.
    private func rename(_ video: String, _ title: String, by client: APIClient) async throws -> Bool {
        let end = ContinuousClock.now + Self.patience
        while ContinuousClock.now < end {
            let answer = try? await client.send("PATCH", "/v1/videos/\(video)", ["title": title])
            note(answer?.status, "rename \(title) \(answer?.code ?? "")")
            if answer?.status == 200 { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("\(title) was never answered: \(outcome.failures.suffix(12))")
        return false
    }

    private func look(at video: String, of number: Int) async {
        // Without an answer nothing was seen.
        let answer = try? await clients[number].send("GET", "/v1/videos/\(video)")
        note(answer?.status, "look at \(number)")
        let title = answer?["title"] as? String
        guard let value = title?.split(separator: " ").last.flatMap({ Int($0) }) else { return }
        var register = outcome.registers[number] ?? RegisterHistory()
        let stale = register.staleOwnReads
        register.saw(value)
        outcome.staleReads += register.staleOwnReads - stale
        outcome.registers[number] = register
    }

    /// The id, once it is answered.
    private func announce(_ title: String, by client: APIClient) async throws -> String? {
        let key = UUID().uuidString
        let body: [String: Any] = [
            "title": title, "filename": "f.mp4", "bytes": Self.announcedBytes, "contentType": "video/mp4",
        ]
        let end = ContinuousClock.now + Self.patience
        while ContinuousClock.now < end {
            let answer = try? await client.send(
                "POST", "/v1/videos", body, headers: ["Idempotency-Key": key])
            note(answer?.status, "announce \(title) \(answer?.code ?? "")")
            if let answer, answer.status == 201 {
                if title.hasPrefix("load") { outcome.acknowledged.insert(title) }
                outcome.usage.added(Self.announcedBytes)
                return try answer.text("video.id")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        outcome.usage.mayHaveAdded(Self.announcedBytes)
        Issue.record("\(title) was never answered: \(outcome.failures.suffix(12))")
        return nil
    }

    private func note(_ status: Int?, _ what: String) {
        outcome.requests += 1
        if let status, (200..<300).contains(status) { return }
        outcome.failures.append("\(what): \(status.map(String.init) ?? "no answer")")
    }
}
