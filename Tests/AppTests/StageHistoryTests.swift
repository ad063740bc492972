import Cluster
import Foundation
import Testing

/// Histories of jobs, counters and registers while servers lag, forget and vanish.
@Suite(.serialized, .enabled(if: TestStage.current.hasGateway, "one process has no parts that fail apart"))
struct StageHistoryTests {
    @Test func aCutBetweenAnyProcessAndAnyServerLosesNothing() async throws {
        let film = try Clips.film(seconds: 2)
        let app = try await RunningApp(StageFaultTests.settings)
        defer { app.destroy() }
        let web = try await FaultWeb.around(app)
        try await app.launch()
        let client = try await APIClient.signedUp(app.base)
        var jobs = OnceHistory()
        for _ in 0..<2 { jobs.asked.insert(try await client.upload(film)) }
        // A process that is cut off from Redis keeps the places of its sessions to itself.
        let outcome = try await LoadClients.around(client, tellPlaces: true) {
            for link in web.links.shuffled() {
                try await link.cut()
                try await Task.sleep(for: .milliseconds(200))
                try await link.heal()
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        for video in jobs.asked {
            #expect(try await client.settled(video)["state"] as? String == "ready")
        }
        try await StageFaultTests.expectReadiness("ready", client)
        try await Self.expectSound(outcome, jobs, client, app, uploaded: film.count * 2)
        try await web.stop()
    }

    @Test func aRedisThatForgetsAllCostsNoRequest() async throws {
        try await StageFaultTests.withServers(.only([.redis])) { _, environment in
            try await RunningApp.with(StageFaultTests.settings, environment: environment) { app in
                let client = try await APIClient.signedUp(app.base)
                let outcome = try await LoadClients.around(client, tellPlaces: true) {
                    for _ in 0..<15 {
                        try await StageFaultTests.flushRedis(app)
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
                #expect(outcome.failures.isEmpty, "\(outcome.failures.prefix(5)) of \(outcome.requests)")
                try await Self.expectSound(outcome, OnceHistory(), client, app)
            }
        }
    }

    @Test func anObjectStoreThatIsSlowAndBreaksOffOnlyDelaysFiles() async throws {
        let film = try Clips.film(seconds: 4, size: "480x360", rate: 25)
        let (proxies, endpoint) = try await FaultWeb.proxies(
            before: try StagePlace.server(ProcessInfo.processInfo.environment, "CLOUDSTREAM_S3_ENDPOINT"))
        let proxy = try #require(proxies.first)
        try await RunningApp.with(
            StageFaultTests.settings, environment: ["CLOUDSTREAM_S3_ENDPOINT": endpoint]
        ) { app in
            let client = try await APIClient.signedUp(app.base)
            try await proxy.set(Fault(latency: .milliseconds(100), jitter: .milliseconds(50)))
            let key = UUID().uuidString
            var announced = try await client.announce(film, key: key)
            for _ in 0..<50 where announced.status == 503 {
                // Too slow for its deadline on a busy machine, though it may have been announced.
                try await Task.sleep(for: .milliseconds(200))
                announced = try await client.announce(film, key: key)
            }
            try #require(announced.status == 201, "\(announced.json)")
            let (upload, video) = (try announced.text("upload.id"), try announced.text("video.id"))
            let breaks = Task {
                for _ in 0..<12 {
                    try await Task.sleep(for: .milliseconds(250))
                    try await proxy.resetConnections()
                }
            }
            // As any client would: what is there already is not sent again.
            var done = 0
            for _ in 0..<100 where done != 202 {
                // Broken off, it is tried again.
                done = (try? await client.finish(upload: upload, film).status) ?? 0
                if done != 202 { try await Task.sleep(for: .milliseconds(50)) }
            }
            #expect(done == 202)
            #expect(try await client.settled(video)["state"] as? String == "ready")
            _ = await breaks.result
            #expect(try await StageAudit(app).jobsDone() == [video])
            #expect(try await StageAudit(app).usedBytes() == film.count)
        }
        try await proxy.stop()
    }

    @Test func replicasTenSecondsBehindAnswerNoSessionStaleOrBackwards() async throws {
        try await StageFaultTests.withServers(.only([.postgres])) { cluster, environment in
            let settings = StageFaultTests.settings + ["relational.postgres.replicas.maximumLag=60s"]
            try await RunningApp.with(settings, environment: environment) { app in
                let client = try await APIClient.signedUp(app.base)
                try await cluster.set("recovery_min_apply_delay", to: "10s", on: "postgres-2")
                let outcome = try await LoadClients.around(client, clients: 6) {
                    for seconds in [0, 3, 10, 6, 0] {
                        try await cluster.set(
                            "recovery_min_apply_delay", to: "\(seconds)s", on: "postgres-3")
                        try await Task.sleep(for: .milliseconds(1600))
                    }
                }
                #expect(outcome.failures.isEmpty, "\(outcome.failures.prefix(5)) of \(outcome.requests)")
                #expect(outcome.pairs > 20, "of \(outcome.requests) requests")
                try await Self.expectSound(outcome, OnceHistory(), client, app)
                // Behind, but not so far that nobody is sent there.
                for name in ["postgres-2", "postgres-3"] {
                    try await cluster.set("recovery_min_apply_delay", to: "3s", on: name)
                }
                try await Self.expectLogInsAreSeen(app)
                try await Self.expectNewsAreSeen(app)
                try await Self.expectRoomsAreSeen(app)
                try await cluster.set("recovery_min_apply_delay", to: "0s", on: "postgres-3")
                try await Self.expectWhatIsGoneStaysGone(app)
            }
        }
    }

    /// By who is logged in elsewhere already, and so known to the replicas as of before.
    private static func expectLogInsAreSeen(_ app: RunningApp) async throws {
        let email = "\(UUID().uuidString)@example.com"
        let first = try await APIClient.signedUp(app.base, email: email)
        #expect(try await first.items("/v1/sessions").count == 1)
        for count in 2...6 {
            let later = try await APIClient(base: app.base).send(
                "POST", "/v1/sessions", ["email": email, "password": APIClient.password])
            let second = APIClient(base: app.base, token: try later.text("accessToken"))
            #expect(try await second.items("/v1/sessions").count == count)
        }
    }

    /// By who hears of them over a stream, and asks then.
    private static func expectNewsAreSeen(_ app: RunningApp) async throws {
        let ann = try await APIClient.signedUp(app.base)
        let ben = try await ann.invited("Ben").alone
        let benID = try await ben.userID()
        let stream = try await EventLines.open(ben, "/v1/notifications/events")
        #expect(try await ben.send("GET", "/v1/notifications").status == 200)
        // Until the servers behind have what is known, and may be asked.
        try await Task.sleep(for: .seconds(4))
        _ = try await ann.room(["kind": "team", "title": "News", "private": true, "userIds": [benID]])
        while let line = try await stream.next(within: .seconds(30)), line != "data: {\"unread\":1}" {}
        #expect(try await ben.send("GET", "/v1/notifications")["unread"] as? Int == 1)
    }

    /// By who joins a room far behind, is told where it stands, and asks for what stands before.
    private static func expectRoomsAreSeen(_ app: RunningApp) async throws {
        let ann = try await APIClient.signedUp(app.base)
        let ben = try await ann.invited("Ben").alone
        let room = try await ann.room(["kind": "team", "title": "Long"])
        #expect(try await ben.send("GET", "/v1/rooms/\(room)").status == 200)
        // Until the servers behind have what is known, and may be asked.
        try await Task.sleep(for: .seconds(4))
        for number in 1...8 { try await ann.say("\(number)", in: room) }
        let chat = try await ChatClient.connect(ben, rooms: [(room, nil)])
        #expect(try await chat.next("subscribed")["lastSeq"] as? Int == 8)
        let found = try await ben.items("/v1/rooms/\(room)/messages?afterSeq=0")
        #expect(found.compactMap { $0["seq"] as? Int } == Array(1...8))
        try await chat.close()
    }

    /// For who was told so by one server, while another still has it.
    private static func expectWhatIsGoneStaysGone(_ app: RunningApp) async throws {
        let ann = try await APIClient.signedUp(app.base)
        let ben = try await ann.invited("Ben").alone
        let video = try await ann.upload(Data(repeating: 1, count: 1_000), title: "Gone")
        while try await ben.send("GET", "/v1/videos/\(video)").status != 200 {}
        // Until the server behind has what is known, and may be asked.
        try await Task.sleep(for: .seconds(4))
        #expect(try await ann.send("DELETE", "/v1/videos/\(video)").status == 204)
        var statuses: [Int] = []
        for _ in 0..<60 { statuses.append(try await ben.send("GET", "/v1/videos/\(video)").status) }
        #expect(!statuses.drop { $0 != 404 }.contains(200), "\(statuses)")
    }

    /// Announcements, quota, renamed titles and jobs are what the clients were told.
    private static func expectSound(
        _ outcome: LoadClients.Outcome, _ jobs: OnceHistory, _ client: APIClient, _ app: RunningApp,
        uploaded: Int = 0
    ) async throws {
        #expect(outcome.staleReads == 0 && outcome.readsThatWentBack == 0, "in \(outcome.pairs) pairs")
        try await LoadClients.expectAll(outcome, client)
        let audit = try StageAudit(app)
        var jobs = jobs
        jobs.happened = try await audit.jobsDone()
        #expect(jobs.isSound, "lost \(jobs.lost), doubled \(jobs.doubled), foreign \(jobs.foreign)")
        let used = try await audit.usedBytes() - uploaded
        #expect(outcome.usage.finding(in: used) == nil, "\(used) of \(outcome.usage)")
    }
}
