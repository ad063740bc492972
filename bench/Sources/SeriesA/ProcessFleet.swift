import Foundation

/// One, two and four api processes whose database is 20 ms away: what waits is not what limits, so that twice the
/// processes serve twice the requests.
///
/// Each process has eight connections to the database, and twice as many clients that each wait for their answer: it
/// is limited by waiting for the downstream, whatever its speed. The row `processes.busy` tells whether the machine
/// was; above 0.6 the others say more about the machine than about the processes.
struct ProcessFleet: Scenario {
    let name = "processes"
    let duration: Duration
    private let fleet: ProcessFleetMembers

    private static let sizes = [1, 2, 4]
    private static func arm(_ size: Int) -> String { "\(size) api" }

    init(_ launcher: AppLauncher, duration: Duration) {
        self.duration = duration
        fleet = ProcessFleetMembers(launcher)
    }

    func prepare() async throws { try await fleet.start(Self.sizes.max() ?? 1) }

    func finish() async { await fleet.stop() }

    var arms: [Arm] {
        Self.sizes.map { size in Arm(name: Self.arm(size)) { try await serve(size) } }
    }

    let rows: [Row] = [
        Row(
            id: "processes.two", title: "requests/s, database 20 ms away: 2 api processes / 1 (linear: 2)",
            value: .ratio(arm(2), arm(1), .rate)),
        Row(
            id: "processes.four", title: "requests/s, database 20 ms away: 4 api processes / 1 (linear: 4)",
            value: .ratio(arm(4), arm(1), .rate)),
        Row(
            id: "processes.rate", title: "requests/s of 1 api process, database 20 ms away",
            value: .absolute(.init(arm: arm(1), measure: .rate), .perSecond)),
        Row(
            id: "processes.busy", title: "processor time of 4 api processes and their clients",
            value: .absolute(.init(arm: arm(4), measure: .busy), .share)),
    ]

    private func serve(_ size: Int) async throws -> Reading {
        let members = try await fleet.first(size)
        let token = await fleet.token
        // What is connected and cached at first counts for nothing.
        _ = try await Self.answers(members, token, for: .seconds(1))
        let watch = Stopwatch()
        let before = members.map { ProcessTime.seconds(of: $0.process) }.reduce(0, +)
        let answers = try await Self.answers(members, token, for: duration)
        let wall = watch.wall
        let own = members.map { ProcessTime.seconds(of: $0.process) }.reduce(0, +) - before
        let cores = Double(ProcessInfo.processInfo.activeProcessorCount)
        return [.rate: Double(answers) / (duration / .seconds(1)), .busy: (own + watch.cpu) / wall / cores]
    }

    private static func answers(
        _ members: [ProcessFleetMembers.Member], _ token: String, for duration: Duration
    ) async throws -> Int {
        let end = ContinuousClock.now + duration
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for member in members {
                for _ in 0..<ProcessFleetMembers.clients {
                    group.addTask { try await onThread { try ask(member.port, token, until: end) } }
                }
            }
            return try await group.reduce(0, +)
        }
    }

    /// Answers that came in time.
    private static func ask(_ port: Int, _ token: String, until end: ContinuousClock.Instant) throws -> Int {
        let client = try KeepAliveClient(port: port)
        var count = 0
        while ContinuousClock.now < end {
            let answer = try client.ask("GET", "/v1/me", headers: ["Authorization": "Bearer \(token)"])
            guard answer.status == 200 else {
                throw RunFailure(
                    "an api process answered \(answer.status): \(String(decoding: answer.body, as: UTF8.self))"
                )
            }
            if ContinuousClock.now < end { count += 1 }
        }
        return count
    }
}
