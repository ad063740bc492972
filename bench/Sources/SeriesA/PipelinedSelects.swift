import Kernel
import Postgres
import Relational

/// 64 tasks over two connections: what is gained by sending together what is asked at once, and how near that comes
/// to a program that does nothing else.
struct PipelinedSelects: Scenario {
    let name = "pipeline"
    let servers: StageServers
    let duration: Duration

    private static let tasks = 64, connections = 2
    private static let ours = "together", each = "one at a time", bare = "bare"
    private static let reference = "pgbench pipelines", short = "pgbench pipelines of 10"

    var arms: [Arm] {
        [
            Arm(name: Self.ours) { try await select(atOnce: 64) },
            Arm(name: Self.bare, run: selectBare),
            // As many under way at once as the tasks have.
            Arm(name: Self.reference) { try await pgbench(selects: Self.tasks / Self.connections) },
            Arm(name: Self.short) { try await pgbench(selects: 10) },
            Arm(name: Self.each) { try await select(atOnce: 1) },
        ]
    }

    let rows: [Row] = [
        Row(
            id: "pipeline.pgbench",
            title: "selects over 2 connections, 64 tasks: driver / pgbench with pipelines of 32",
            value: .ratio(ours, reference, .rate)),
        Row(
            id: "pipeline.ten",
            title: "selects over 2 connections, 64 tasks: driver / pgbench with pipelines of 10",
            value: .ratio(ours, short, .rate)),
        Row(
            id: "pipeline.each",
            title: "selects over 2 connections, 64 tasks: driver / itself, one at a time",
            value: .ratio(ours, each, .rate)),
        Row(
            id: "pipeline.bare",
            title: "selects over 2 connections, 64 tasks: driver / bare pipeline of libpq in Swift",
            value: .ratio(ours, bare, .rate)),
        Row(
            id: "pipeline.floor",
            title:
                "selects over 2 connections, 64 tasks: bare pipeline in Swift / pgbench with pipelines of 32",
            value: .ratio(bare, reference, .rate)),
    ]

    private func select(atOnce: Int) async throws -> Reading {
        var settings = servers.settings()
        settings.pipelineConnections = Self.connections
        settings.maximumBatch = atOnce
        return try await servers.withDriver(settings) { driver in
            let database = Database(driver: driver)
            let load = TaskLoad(tasks: Self.tasks, duration: duration)
            return [.rate: try await load.rate { try await SingleSelects.account(database, &$0) }]
        }
    }

    private func selectBare() async throws -> Reading {
        let (url, inbox) = (servers.primary.url, try BareSelects.Inbox())
        async let answering: Void = inbox.answer {
            try BareSelects(url: url, connections: Self.connections, inbox: inbox).run()
        }
        let load = TaskLoad(tasks: Self.tasks, duration: duration)
        let rate = try await inbox.whileOpen {
            try await load.rate { random in
                _ = try await inbox.ask(Int.random(in: 1...StageServers.accounts, using: &random))
            }
        }
        try await answering
        return [.rate: rate]
    }

    private func pgbench(selects: Int) async throws -> Reading {
        let load = PgBench.Load(
            work: .script(Self.script(selects: selects), units: selects), clients: Self.connections,
            duration: duration, address: servers.primary)
        return [.rate: try await PgBench(servers: servers).rate(load)]
    }

    static func script(selects: Int) -> String {
        let numbers = 1...selects
        let picks = numbers.map { "\\set a\($0) random(1, \(StageServers.accounts))" }
        let asks = numbers.map { "SELECT abalance FROM pgbench_accounts WHERE aid = :a\($0);" }
        return (picks + ["\\startpipeline"] + asks + ["\\endpipeline"]).joined(separator: "\n") + "\n"
    }
}
