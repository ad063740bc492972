import Cluster
import Foundation

/// A process of the product with the profile `seed`, and teams in it that have something to see.
actor FeedTeams {
    struct Person: Sendable {
        let token: String
        let room: String
    }

    static let teams = 6
    static let peopleOfTeam = 4
    /// Each gives a line of the feed.
    private static let roomsOfTeam = 24
    private static let patience = Duration.seconds(60)

    private let app: URL
    private let repository: URL
    private let folder: URL
    private var running: RunningProgram?
    private var people: [Person] = []
    private var port = 0

    init(app: URL, repository: URL, scratch: Scratch) {
        self.app = app
        self.repository = repository
        folder = scratch.root.appending(path: "feed")
    }

    /// Where to ask, and as whom. Throws, with what it said last, if the process has ended.
    func place() throws -> (port: Int, people: [Person]) {
        guard let running, running.isRunning else {
            throw RunFailure("the program has ended: \(running?.errors.suffix(600) ?? "")")
        }
        return (port, people)
    }

    func start() async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try PortChoice.takeOne()
        let admin = try PortChoice.takeOne()
        let settings = [
            "http.port=\(port)", "admin.port=\(admin)",
            "http.web=\(repository.appending(path: "web").plainPath)",
            "http.schemas=\(repository.appending(path: "schemas").plainPath)", "telemetry.logLevel=warning",
            // All come from one address, and stay for the whole run.
            "identity.signInAttempts.perMinute=1000", "identity.accessTokenLifetime=1h",
        ]
        let profile = repository.appending(path: "profiles/seed.yaml").plainPath
        let program = Program(
            executable: app.plainPath,
            arguments: ["--profile", profile] + settings.flatMap { ["--set", $0] },
            folder: folder)
        let started = try await program.start()
        running = started
        let (probe, end) = (HTTPProbe(port: admin, path: "/readyz"), ContinuousClock.now + Self.patience)
        while !probe.isAnswered {
            guard started.isRunning, ContinuousClock.now < end else {
                throw RunFailure("the program did not get ready: \(started.errors.suffix(600))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        let port = self.port
        people = try await onThread {
            try (0..<Self.teams).flatMap { try FeedCaller(port: port).makeTeam($0, rooms: Self.roomsOfTeam) }
        }
        try await waitForFeeds()
    }

    func stop() async {
        _ = await running?.stop()
        running = nil
    }

    /// Until every team sees all of its rooms: they are told of behind the writes.
    private func waitForFeeds() async throws {
        let (port, people, end) = (self.port, self.people, ContinuousClock.now + Self.patience)
        while true {
            let counts = try await onThread {
                try people.map { try FeedCaller(port: port).lines(of: $0, limit: Self.roomsOfTeam) }
            }
            if counts.allSatisfy({ $0 == Self.roomsOfTeam }) { return }
            guard ContinuousClock.now < end else { throw RunFailure("feeds stay at \(counts) lines") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

/// What the bench asks of the API. Blocks.
struct FeedCaller {
    private let client: KeepAliveClient

    init(port: Int) throws { client = try KeepAliveClient(port: port) }

    private struct Entry: Decodable {
        struct Session: Decodable { let accessToken: String }
        let session: Session
    }
    private struct Offer: Decodable { let token: String }
    private struct Room: Decodable { let id: String }
    private struct Lines: Decodable {
        struct Line: Decodable { let id: String }
        let items: [Line]
    }

    private static let password = "correct horse battery staple"

    /// People of a new team, each with a room of it to write in.
    func makeTeam(_ number: Int, rooms: Int) throws -> [FeedTeams.Person] {
        let address = "@team\(number).example.com"
        let owner = try ask(
            Entry.self, "/v1/tenants",
            [
                "name": "Team \(number)",
                "owner": ["email": "owner" + address, "name": "Owner", "password": Self.password],
            ]
        ).session.accessToken
        var tokens = [owner]
        for guest in 1..<FeedTeams.peopleOfTeam {
            let offer = try ask(
                Offer.self, "/v1/invitations", ["email": "guest\(guest)" + address, "role": "member"], owner)
            tokens.append(
                try ask(
                    Entry.self, "/v1/invitations/accept",
                    ["token": offer.token, "name": "Guest \(guest)", "password": Self.password]
                ).session.accessToken)
        }
        let ids = try (0..<rooms).map {
            try ask(Room.self, "/v1/rooms", ["kind": "team", "title": "Room \($0)"], owner).id
        }
        for (place, id) in ids.enumerated() { try write(in: id, tokens[place % tokens.count]) }
        return zip(tokens, ids).map { FeedTeams.Person(token: $0, room: $1) }
    }

    func write(in room: String, _ token: String) throws {
        struct Sent: Decodable {}
        _ = try ask(
            Sent.self, "/v1/rooms/\(room)/messages",
            ["body": "The colours of the second scene are done.", "clientId": "\(UUID())"], token)
    }

    func lines(of person: FeedTeams.Person, limit: Int) throws -> Int {
        let answer = try client.ask(
            "GET", "/v1/feed?limit=\(limit)", headers: ["Authorization": "Bearer \(person.token)"])
        return try JSONDecoder().decode(Lines.self, from: Data(Self.checked(answer).body)).items.count
    }

    private func ask<Value: Decodable>(
        _ type: Value.Type, _ path: String, _ body: [String: Any], _ token: String? = nil
    ) throws -> Value {
        var headers = ["Idempotency-Key": "\(UUID())"]
        if let token { headers["Authorization"] = "Bearer \(token)" }
        let text = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        let answer = try client.ask("POST", path, headers: headers, body: text)
        return try JSONDecoder().decode(type, from: Data(Self.checked(answer).body))
    }

    private static func checked(_ answer: KeepAliveClient.Answer) throws -> KeepAliveClient.Answer {
        guard (200..<300).contains(answer.status) else {
            throw RunFailure(
                "the answer was \(answer.status): \(String(decoding: answer.body.prefix(300), as: UTF8.self))"
            )
        }
        return answer
    }
}
