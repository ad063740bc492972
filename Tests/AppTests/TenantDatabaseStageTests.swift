import Cluster
import Foundation
import Postgres
import Testing

/// Tenants in databases of their own, on a stage of many processes.
@Suite(.serialized, .enabled(if: TestStage.current.hasGateway, "one process has one database"))
struct TenantDatabaseStageTests {
    @Test func eachTeamHasADatabaseAndOnlyItSuffersWhenThatIsAway() async throws {
        let film = try Clips.film(seconds: 2, size: "320x240", rate: 25)
        let name = "acceptance_" + UUID().uuidString.lowercased().replacing("-", with: "")
        let names = ["\(name)_1", "\(name)_2"]
        let (proxy, environment) = try await Self.proxy()
        let settings =
            StageFaultTests.settings + [
                "directory.isolation=database", "directory.isolationsOnRequest=[shared, schema]",
                "relational.postgres.databases.one.dbname=\(names[0])",
                "relational.postgres.databases.two.dbname=\(names[1])",
                "relational.postgres.databases.two.url=env:CLOUDSTREAM_POSTGRES_TWO_URL",
            ]
        try await RunningApp.with(settings, environment: environment) { app in
            // They are made while all processes run, which wait for none of them.
            let client = APIClient(base: app.base)
            try await StageFaultTests.expectReadiness("degraded", client)
            let made = try await Self.migrate(app, settings)
            #expect(made.contains("one: Made. Applied: ") && made.contains("two: Made. Applied: "), "\(made)")
            #expect(try await Self.migrate(app, settings).contains("two: The schema is up to date."))
            try await StageFaultTests.expectAllReady(app)

            let one = try await APIClient.signedUp(app.base)
            let two = try await APIClient.signedUp(app.base)
            let third = try await client.send(
                "POST", "/v1/tenants",
                [
                    "name": "Third",
                    "owner": [
                        "email": "third@example.com", "name": "Tia", "password": "correct horse battery",
                    ],
                ])
            #expect(third.status == 503 && third.code == "no_database_free", "\(third.json)")

            for team in [one, two] {
                let video = try await team.upload(film)
                #expect(try await team.settled(video)["state"] as? String == "ready")
            }
            // A session's place is told for its own database and for home, by their names.
            let token = try await one.send("GET", "/v1/videos").headers["consistency-token"] ?? ""
            #expect(token.contains("one=") && !token.contains("two="), "\(token)")

            for (place, expected) in [(nil, "0"), (names[0], "1"), (names[1], "1")] {
                for table in ["videos", "jobs", "tenants"] {
                    let count = try await Self.count(table, place, app)
                    #expect(count == expected, "\(table) in \(place ?? "home"): \(count)")
                }
                // Told to the log, and then forgotten, behind what the video shows.
                try await app.until { try await Self.count("outbox", place, app) == "0" }
            }

            try await Self.expectPlacedAsAsked(film, app)

            try await proxy.cut()
            try await StageFaultTests.expectReadiness("degraded", client)
            let refused = try await two.send("GET", "/v1/videos")
            #expect(refused.status == 503 || refused.status == 504, "\(refused.json)")
            let slowest = try await Self.works(one, film)
            #expect(slowest < .seconds(5), "\(slowest)")

            try await proxy.heal()
            try await StageFaultTests.expectAllReady(app)
            let later = try await two.upload(film)
            #expect(try await two.settled(later)["state"] as? String == "ready")
            #expect(try await Self.count("videos", names[1], app) == "2")
        }
        try await proxy.stop()
        for name in names { try await StagePlace.drop(name, ProcessInfo.processInfo.environment) }
    }

    /// Teams that ask for other places than the usual one, side by side.
    private static func expectPlacedAsAsked(_ film: Data, _ app: RunningApp) async throws {
        for isolation in ["shared", "schema"] {
            let team = try await APIClient.signedUp(app.base, isolation: isolation)
            let video = try await team.upload(film)
            #expect(try await team.settled(video)["state"] as? String == "ready")
        }
        // The schema's tables inherit from the shared ones.
        let (shared, both) = (
            try await count("ONLY videos", nil, app), try await count("videos", nil, app)
        )
        #expect(shared == "1" && both == "2", "\(shared) of \(both)")
        let answer = try await APIClient(base: app.base).send(
            "POST", "/v1/tenants",
            [
                "name": "Team", "isolation": "castle",
                "owner": ["email": "castle@example.com", "name": "Cal", "password": APIClient.password],
            ])
        #expect(answer.status == 400 && answer.code == "invalid_request", "\(answer.json)")
    }

    /// A team at work; the longest that one of its requests took.
    private static func works(_ team: APIClient, _ film: Data) async throws -> Duration {
        var slowest = Duration.zero
        for _ in 0..<20 {
            let begin = ContinuousClock.now
            #expect(try await team.send("GET", "/v1/videos").status == 200)
            slowest = max(slowest, .now - begin)
        }
        let video = try await team.upload(film)
        #expect(try await team.settled(video)["state"] as? String == "ready")
        return slowest
    }

    /// Before the primary, for one of the databases alone.
    private static func proxy() async throws -> (FaultProxy, [String: String]) {
        let url = try #require(ProcessInfo.processInfo.environment["CLOUDSTREAM_POSTGRES_URL"])
        let parts = try #require(url.wholeMatch(of: /(.*@)127\.0\.0\.1:(\d+)[^\/]*(\/.*)/))
        let proxy = try await FaultProxy.start(to: try #require(Int(parts.2)))
        return (proxy, ["CLOUDSTREAM_POSTGRES_TWO_URL": "\(parts.1)127.0.0.1:\(proxy.port)\(parts.3)"])
    }

    private static func migrate(_ app: RunningApp, _ settings: [String]) async throws -> String {
        let (status, output) = try await ChildCommand.run(
            try RunningApp.executable.path(percentEncoded: false),
            ["migrate", TestStage.current.file, "--owner", "env:CLOUDSTREAM_POSTGRES_OWNER_URL"]
                + settings.flatMap { ["--set", $0] }, app.place.environment)
        #expect(status == 0, "\(output)")
        return output
    }

    private static func count(_ table: String, _ database: String?, _ app: RunningApp) async throws -> String
    {
        var url = try StagePlace.server(app.place.environment)
        if let database { url = try StagePlace.onDatabase(database, url) }
        // The owner is held to row-level security too: the role for clean-up sees all that is guarded.
        let isGuarded = table.hasSuffix("videos") || table == "tenants"
        let found = try await PostgresConsole(url: url).run(
            isGuarded ? "SET ROLE cloudstream_all_tenants" : "RESET ROLE", "SELECT count(*) FROM \(table)")
        return found.first?.first.flatMap(\.self) ?? ""
    }
}
