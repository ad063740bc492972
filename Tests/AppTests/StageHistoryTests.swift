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
        let outcome = try await LoadClients.around(client) {
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
                let outcome = try await LoadClients.around(client) {
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
            var announced = try await client.announce(film)
            for _ in 0..<50 where announced.status == 503 {
                // Too slow for its deadline on a busy machine; nothing was announced then.
                try await Task.sleep(for: .milliseconds(200))
                announced = try await client.announce(film)
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
            }
        }
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
