import Cluster
import Foundation
import Testing

/// What a stage of many processes promises while its parts fail.
@Suite(.serialized, .enabled(if: TestStage.current.hasGateway, "one process has no parts that fail apart"))
struct StageFaultTests {
    /// Room for many announcements that are never uploaded.
    static let settings = [
        "uploads.maximumOpenPerTenant=100000", "jobs.table.lease=3s", "jobs.table.heartbeat=1s",
        "uploads.tenantBytes=100TiB",
    ]

    @Test func aRollingRestartOfEveryProcessFailsNoRequest() async throws {
        // As by default: the notice that a process gives before it drains is part of what is promised.
        try await RunningApp.with(Self.settings + ["registry.heartbeat=1s"], gateways: 2) { app in
            let client = try await APIClient.signedUp(app.base)
            let outcome = try await LoadClients.around(client) {
                for process in app.processes {
                    let before = try await Self.fleetChanges(app, of: process)
                    process.signal(SIGTERM)
                    #expect(await process.ended() == 0, "\(process.roles) did not drain")
                    try await app.relaunch(process)
                    // Each gateway has seen it go and come.
                    try await app.until {
                        try await Self.fleetChanges(app, of: process).allSatisfy {
                            $1 >= before[$0, default: 0] + 2
                        }
                    }
                }
            }
            #expect(outcome.failures.isEmpty, "\(outcome.failures.prefix(5)) of \(outcome.requests)")
            #expect(outcome.requests > 100)
            #expect(outcome.staleReads == 0)
            try await LoadClients.expectAll(outcome, client)
        }
    }

    @Test func anyProcessMayDieAndNothingAcknowledgedIsLost() async throws {
        let film = try Clips.film(seconds: 6, size: "480x360", rate: 25)
        try await RunningApp.with(Self.settings) { app in
            let client = try await APIClient.signedUp(app.base)
            let video = try await client.upload(film)
            let outcome = try await LoadClients.around(client) {
                for process in app.processes {
                    process.signal(SIGKILL)
                    _ = await process.ended()
                    try await Task.sleep(for: .milliseconds(300))
                    try await app.relaunch(process)
                }
            }
            #expect(outcome.staleReads == 0 && outcome.readsThatWentBack == 0)
            try await LoadClients.expectAll(outcome, client)
            #expect(try await client.settled(video)["state"] as? String == "ready")
            let jobs = OnceHistory(asked: [video], happened: try await StageAudit(app).jobsDone())
            #expect(jobs.isSound, "\(jobs)")
            let used = try await StageAudit(app).usedBytes() - film.count
            #expect(outcome.usage.finding(in: used) == nil, "\(used) of \(outcome.usage)")
        }
    }

    @Test func withoutRedisTheStageIsDegradedAndServes() async throws {
        let proxy = try await Self.proxy(for: "CLOUDSTREAM_REDIS_URL")
        try await RunningApp.with(Self.settings, environment: proxy.environment) { app in
            let client = try await APIClient.signedUp(app.base)
            try await Self.expectReadiness("ready", client)
            try await proxy.proxy.cut()
            let outcome = try await LoadClients.around(client) {
                try await Self.expectReadiness("degraded", client)
                let other = try await APIClient.signedUp(app.base)
                #expect(try await other.send("GET", "/v1/me").status == 200)
            }
            #expect(outcome.failures.isEmpty, "\(outcome.failures.prefix(5)) of \(outcome.requests)")
            #expect(outcome.staleReads == 0)
            try await proxy.proxy.heal()
            try await Self.expectAllReady(app)
            try await LoadClients.expectAll(outcome, client)
        }
        try await proxy.proxy.stop()
    }

    @Test func withoutTheObjectStoreOnlyFilesFail() async throws {
        let proxy = try await Self.proxy(for: "CLOUDSTREAM_S3_ENDPOINT")
        let film = try Clips.film(seconds: 4, size: "480x360", rate: 25)
        try await RunningApp.with(Self.settings, environment: proxy.environment) { app in
            let client = try await APIClient.signedUp(app.base)
            try await proxy.proxy.cut()
            try await Self.expectReadiness("degraded", client)
            #expect(try await client.send("GET", "/v1/videos").status == 200)
            let refused = try await client.announce(film)
            #expect([503, 504].contains(refused.status), "\(refused.json)")
            try await proxy.proxy.heal()
            try await Self.expectAllReady(app)
            let video = try await client.upload(film)
            #expect(try await client.settled(video)["state"] as? String == "ready")
        }
        try await proxy.proxy.stop()
    }

    @Test func withoutTheBrokerEventsWaitAndArrive() async throws {
        try await Self.withServers(.only([.kafka])) { cluster, environment in
            let film = try Clips.film(seconds: 4, size: "480x360", rate: 25)
            try await RunningApp.with(Self.settings, environment: environment) { app in
                let client = try await APIClient.signedUp(app.base)
                try await cluster.pause("kafka")
                let video = try await client.upload(film)
                try await Self.expectReadiness("degraded", client)
                #expect(
                    try await client.send("GET", "/v1/videos/\(video)")["state"] as? String == "processing")
                try await cluster.resume("kafka")
                #expect(try await client.settled(video)["state"] as? String == "ready")
            }
        }
    }

    @Test func aDeadPrimaryIsReplacedAndNothingAcknowledgedIsLost() async throws {
        try await Self.withServers(.only([.postgres])) { cluster, environment in
            try await RunningApp.with(Self.settings, environment: environment) { app in
                let client = try await APIClient.signedUp(app.base)
                let outcome = try await LoadClients.around(client) {
                    try await Task.sleep(for: .seconds(1))
                    try await cluster.kill("postgres-1")
                    try await cluster.promote(try await cluster.heir())
                    try await Task.sleep(for: .seconds(2))
                }
                #expect(outcome.staleReads == 0)
                try await LoadClients.expectAll(outcome, client)
                #expect(try await client.send("GET", "/v1/me").status == 200)
            }
        }
    }

    @Test func oneBudgetIsSharedByAllProcesses() async throws {
        // So few that none comes back while this runs; and nobody's stand-in takes over where Redis is slow.
        let settings = [
            "identity.signInAttempts.perMinute=1", "rateLimits.redis.connection.commandDeadline=5s",
        ]
        try await RunningApp.with(settings) { app in
            let client = APIClient(base: app.base)
            var statuses: [Int] = []
            for _ in 0..<6 {
                statuses.append(
                    try await client.send(
                        "POST", "/v1/sessions", ["email": "nobody@example.com", "password": "wrong password"]
                    ).status)
            }
            // A budget of its own for each process would let two through.
            #expect(statuses == [401, 429, 429, 429, 429, 429])
        }
    }

    @Test func anEndedSessionEndsInEveryProcess() async throws {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            for _ in 0..<4 { #expect(try await client.send("GET", "/v1/me").status == 200) }
            #expect(try await client.send("DELETE", "/v1/sessions/current").status == 204)
            var statuses: [Int] = []
            // At the next look of each, which is within seconds.
            try await app.until {
                statuses.append(try await client.send("GET", "/v1/me").status)
                return statuses.suffix(4) == [401, 401, 401, 401]
            }
        }
    }

    /// How often each gateway saw an instance of the process's role come or go, by its admin port; none for a process
    /// that gateways do not know.
    private static func fleetChanges(
        _ app: RunningApp, of process: ProgramProcess
    ) async throws -> [Int: Int] {
        guard let role = process.roles.first(where: { ["api", "chat"].contains($0) }) else { return [:] }
        var counts: [Int: Int] = [:]
        for gateway in app.processes where gateway.roles == ["gateway"] {
            let base = try #require(URL(string: "http://127.0.0.1:\(gateway.adminPort)"))
            let metrics = try await APIClient(base: base).send("GET", "/metrics")
            let name = "gateway_fleet_changes_total{role=\"\(role)\"} "
            let line = String(decoding: metrics.data, as: UTF8.self).split(separator: "\n").first {
                $0.hasPrefix(name)
            }
            counts[gateway.adminPort] = line.flatMap { Int($0.dropFirst(name.count)) } ?? 0
        }
        return counts
    }

    /// A proxy before the server that the variable names, and the variable that names the proxy.
    private static func proxy(
        for variable: String
    ) async throws -> (proxy: FaultProxy, environment: [String: String]) {
        let url = try #require(ProcessInfo.processInfo.environment[variable])
        let port = try #require(url.firstMatch(of: /127\.0\.0\.1:(\d+)/)?.1)
        let proxy = try await FaultProxy.start(to: try #require(Int(port)))
        return (proxy, [variable: url.replacing("127.0.0.1:\(port)", with: "127.0.0.1:\(proxy.port)")])
    }

    /// Of servers that are this test's alone.
    static func flushRedis(_ app: RunningApp) async throws {
        let url = try StagePlace.server(app.place.environment, "CLOUDSTREAM_REDIS_URL")
        let server = try #require(url.firstMatch(of: /redis:\/\/:([^@]+)@127\.0\.0\.1:(\d+)/))
        let command = [
            "redis-cli", "--no-auth-warning", "-a", "\(server.1)", "-p", "\(server.2)", "FLUSHALL",
        ]
        let (status, output) = try await ChildCommand.run("/usr/bin/env", command, app.place.environment)
        try #require(status == 0 && output.contains("OK"), "\(output)")
    }

    /// Servers of this test alone, which may be killed.
    static func withServers(
        _ settings: ClusterSettings, _ body: (LocalCluster, [String: String]) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "cloudstream-\(UUID().uuidString)")
        let path = folder.path(percentEncoded: false)
        let cluster = try await LocalCluster.up(settings, in: path).cluster
        do {
            let text = try String(contentsOfFile: cluster.environmentPath, encoding: .utf8)
            try await body(cluster, try #require(EnvironmentFile(text: text)).values)
        } catch {
            try await cluster.down()
            throw error
        }
        try await cluster.down()
    }

    /// Of whatever answers there: behind a gateway, of one process of several.
    static func expectReadiness(_ wanted: String, _ client: APIClient) async throws {
        let end = ContinuousClock.now + .seconds(60)
        var answer = try await client.send("GET", "/readyz")
        while answer["status"] as? String != wanted, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
            answer = try await client.send("GET", "/readyz")
        }
        #expect(answer["status"] as? String == wanted, "\(answer.json)")
    }

    /// Each process finds out for itself that a server is back.
    static func expectAllReady(_ app: RunningApp) async throws {
        for process in app.processes where process.roles != ["gateway"] {
            let base = try #require(URL(string: "http://127.0.0.1:\(process.adminPort)"))
            try await expectReadiness("ready", APIClient(base: base))
        }
    }
}
