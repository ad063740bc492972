import Cluster
import Foundation
import Testing

/// A tenant's own database that takes connections and answers nothing, on a stage of many processes.
@Suite(.serialized, .enabled(if: TestStage.current.hasGateway, "one process has one database"))
struct TenantDatabaseStallTests {
    /// Far longer than any request of others takes, on a machine with much else to do.
    private static let statementDeadline: Duration = .seconds(8)
    /// Whoever waits for the stalled database from its beginning waits longer.
    private static let pace = statementDeadline * 3 / 4

    @Test func whileOneDatabaseHoldsAllBytesItsTeamIsToldInTimeAndOthersKeepTheirPace() async throws {
        let name = "acceptance_" + UUID().uuidString.lowercased().replacing("-", with: "")
        let (names, environment) = (["\(name)_1", "\(name)_2"], ProcessInfo.processInfo.environment)
        let (proxy, variable) = try await Self.proxy(environment)
        let settings =
            StageFaultTests.settings + [
                "directory.isolation=database", "relational.postgres.statementDeadline=8s",
                "relational.postgres.databases.one.dbname=\(names[0])",
                "relational.postgres.databases.two.dbname=\(names[1])",
                "relational.postgres.databases.two.url=env:CLOUDSTREAM_POSTGRES_TWO_URL",
            ]
        try await RunningApp.with(settings, environment: variable) { app in
            let (status, output) = try await ChildCommand.run(
                try RunningApp.executable.path(percentEncoded: false),
                ["migrate", TestStage.current.file, "--owner", "env:CLOUDSTREAM_POSTGRES_OWNER_URL"]
                    + settings.flatMap { ["--set", $0] }, app.place.environment)
            #expect(status == 0, "\(output)")
            let client = APIClient(base: app.base)
            try await StageFaultTests.expectReadiness("ready", client)
            let one = try await APIClient.signedUp(app.base)
            let two = try await APIClient.signedUp(app.base)
            for team in [one, two] { #expect(try await team.send("GET", "/v1/videos").status == 200) }

            try await proxy.set(.blackhole)
            // Many times as many as that database has connections in all processes.
            async let told = Self.askAtOnce(two, 48)
            let slowest = try await Self.slowest(one, for: Self.statementDeadline)
            #expect(slowest < Self.pace, "\(slowest)")
            for (status, time) in try await told {
                #expect(status == 503 || status == 504)
                #expect(time < Self.statementDeadline + .seconds(15), "\(time)")
            }
            try await StageFaultTests.expectReadiness("degraded", client)
            #expect(try await Self.slowest(one, for: .seconds(2)) < Self.pace)

            try await proxy.heal()
            try await StageFaultTests.expectReadiness("ready", client)
            var answer = try await two.send("GET", "/v1/videos")
            let end = ContinuousClock.now + .seconds(30)
            while answer.status != 200, ContinuousClock.now < end {
                answer = try await two.send("GET", "/v1/videos")
            }
            #expect(answer.status == 200, "\(answer.json)")
        }
        try await proxy.stop()
        for name in names { try await StagePlace.drop(name, environment) }
    }

    /// Reads and writes of a team, all at once; what each was answered, and after how long.
    private static func askAtOnce(_ team: APIClient, _ count: Int) async throws -> [(Int, Duration)] {
        try await withThrowingTaskGroup(of: (Int, Duration).self) { group in
            for number in 0..<count {
                group.addTask {
                    let begin = ContinuousClock.now
                    let answer =
                        number % 3 == 0
                        ? try await team.announce(Data(repeating: 1, count: 1_000))
                        : try await team.send("GET", "/v1/videos")
                    return (answer.status, .now - begin)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// The longest that one of a team's requests took, one after the other for so long.
    private static func slowest(_ team: APIClient, for duration: Duration) async throws -> Duration {
        let end = ContinuousClock.now + duration
        var slowest = Duration.zero
        while ContinuousClock.now < end {
            let begin = ContinuousClock.now
            #expect(try await team.send("GET", "/v1/videos").status == 200)
            #expect(try await team.announce(Data(repeating: 1, count: 1_000)).status == 201)
            slowest = max(slowest, .now - begin)
        }
        return slowest
    }

    /// Before the primary, for one of the databases alone.
    private static func proxy(_ environment: [String: String]) async throws -> (FaultProxy, [String: String])
    {
        let url = try #require(environment["CLOUDSTREAM_POSTGRES_URL"])
        let parts = try #require(url.wholeMatch(of: /(.*@)127\.0\.0\.1:(\d+)[^\/]*(\/.*)/))
        let proxy = try await FaultProxy.start(to: try #require(Int(parts.2)))
        return (proxy, ["CLOUDSTREAM_POSTGRES_TWO_URL": "\(parts.1)127.0.0.1:\(proxy.port)\(parts.3)"])
    }
}
