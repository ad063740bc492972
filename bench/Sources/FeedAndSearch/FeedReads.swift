import Foundation

/// What it takes to look at a team's feed while people write, at a stated load; and what the same bytes take out of the
/// memory of a server that does nothing else.
struct FeedReads: Scenario {
    let name = "feed"
    let duration: Duration
    private let teams: FeedTeams

    private static let clients = 32
    private static let rate = 400.0
    /// Each replaces the cached page of a team.
    private static let writesPerSecond = 10.0
    private static let ours = "feed", memory = "memory"

    init(app: URL, repository: URL, scratch: Scratch, duration: Duration) {
        self.duration = duration
        teams = FeedTeams(app: app, repository: repository, scratch: scratch)
    }

    func prepare() async throws { try await teams.start() }

    func finish() async { await teams.stop() }

    var arms: [Arm] {
        [Arm(name: Self.ours, run: readFeed), Arm(name: Self.memory, run: readMemory)]
    }

    let rows: [Row] = [
        Row(
            id: "feed.p99", title: "99th percentile of `GET /v1/feed` at 400/s beside 10 writes/s",
            value: .absolute(.init(arm: ours, measure: .latency99), .seconds)),
        Row(
            id: "feed.median", title: "median of `GET /v1/feed` at 400/s beside 10 writes/s",
            value: .absolute(.init(arm: ours, measure: .latency50), .seconds)),
        Row(
            id: "feed.memory.p99", title: "99th percentile: the feed / the same bytes out of memory",
            value: .ratio(ours, memory, .latency99)),
        Row(
            id: "feed.memory.median", title: "median: the feed / the same bytes out of memory",
            value: .ratio(ours, memory, .latency50)),
        Row(
            id: "feed.clients", title: "processor time of the bench's own clients of the feed",
            value: .absolute(.init(arm: ours, measure: .busy), .share)),
    ]

    private func readFeed() async throws -> Reading {
        let (port, people) = try await teams.place()
        let headers = people.map { ["Authorization": "Bearer \($0.token)"] }
        _ = try await Self.reading(.milliseconds(500), port, headers)
        async let writes: Void = Self.write(for: duration, port, people)
        let reading = try await Self.reading(duration, port, headers)
        try await writes
        return reading
    }

    private func readMemory() async throws -> Reading {
        let (port, people) = try await teams.place()
        let headers = people.map { ["Authorization": "Bearer \($0.token)"] }
        let body = try await onThread {
            try KeepAliveClient(port: port).ask("GET", "/v1/feed", headers: headers[0]).body
        }
        let server = try MemoryServer(body: body)
        defer { server.stop() }
        _ = try await Self.reading(.milliseconds(500), server.port, headers)
        return try await Self.reading(duration, server.port, headers)
    }

    /// `headers` are of people who take turns.
    private static func reading(
        _ duration: Duration, _ port: Int, _ headers: [[String: String]]
    ) async throws -> Reading {
        let loop = OpenLoop(clients: clients, rate: rate, duration: duration)
        let watch = Stopwatch()
        let found = try await loop.latencies(port: port) { client, number in
            let answer = try client.ask("GET", "/v1/feed", headers: headers[number % headers.count])
            guard answer.status == 200, answer.body.count > 1_000 else {
                throw RunFailure("the answer was \(answer.status) with \(answer.body.count) bytes")
            }
        }
        guard let median = Stats.percentile(0.5, of: found), let most = Stats.percentile(0.99, of: found)
        else { throw RunFailure("nothing was asked") }
        let cores = Double(ProcessInfo.processInfo.activeProcessorCount)
        return [.latency50: median, .latency99: most, .busy: watch.cpu / watch.wall / cores]
    }

    /// In the rooms of all teams, one after the other.
    private static func write(for duration: Duration, _ port: Int, _ people: [FeedTeams.Person]) async throws
    {
        try await onThread {
            let caller = try FeedCaller(port: port)
            let start = ContinuousClock.now
            for number in 0..<Int(duration / .seconds(1) * writesPerSecond) {
                let due = start + .seconds(Double(number) / writesPerSecond)
                let wait = (due - ContinuousClock.now) / .seconds(1)
                if wait > 0 { Thread.sleep(forTimeInterval: wait) }
                // A step through all people that goes from team to team.
                let person = people[number * (FeedTeams.peopleOfTeam + 1) % people.count]
                try caller.write(in: person.room, person.token)
            }
        }
    }
}
