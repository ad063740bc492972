import Foundation

/// Postgres' own load generator, as the reference.
struct PgBench: Sendable {
    /// What each client does, again and again.
    enum Work: Sendable {
        /// A select by key.
        case selects
        /// Transactions of a script, of so many units of work each.
        case script(String, units: Int)
    }

    struct Load: Sendable {
        var work = Work.selects
        var clients: Int
        /// How statements travel: simple, extended or prepared.
        var mode = "prepared"
        var duration: Duration
        var address: PostgresAddress
    }

    let servers: StageServers

    /// Its tables, at a scale of 1: in memory on any machine, as the rows that are read by key mostly are.
    func makeTables() async throws {
        _ = try await run(["-i", "-q", "-s", "1"], at: servers.owner, in: servers.scratch.root)
    }

    /// Units of work a second.
    func rate(_ load: Load) async throws -> Double {
        try await servers.scratch.withFolder { folder in
            var arguments = ["-n", "-M", load.mode, "-c", "\(load.clients)", "-j", "\(min(2, load.clients))"]
            arguments += ["-T", "\(max(1, Int(load.duration / .seconds(1))))"]
            var units = 1
            switch load.work {
            case .selects: arguments.append("-S")
            case .script(let text, let count):
                units = count
                let file = folder.appending(path: "script.sql")
                try Data(text.utf8).write(to: file)
                arguments += ["-f", file.plainPath]
            }
            let report = try await run(arguments, at: load.address, in: folder)
            return try Self.transactionsPerSecond(report) * Double(units)
        }
    }

    /// Reads what it reports at its end; throws where a transaction failed.
    static func transactionsPerSecond(_ report: String) throws -> Double {
        if let failed = report.firstMatch(of: /number of failed transactions: (\d+)/), failed.1 != "0" {
            throw RunFailure("pgbench: \(failed.1) transactions failed")
        }
        guard let tps = report.firstMatch(of: /tps = (\d+\.?\d*)/), let rate = Double(tps.1) else {
            throw RunFailure("pgbench told no rate: \(report.suffix(300))")
        }
        return rate
    }

    private func run(_ arguments: [String], at address: PostgresAddress, in folder: URL) async throws
        -> String
    {
        let place = ["-h", "127.0.0.1", "-p", "\(address.ports[0])", "-U", address.user]
        let program = Program(
            executable: try Self.path, arguments: place + arguments + [address.database], folder: folder,
            environment: ["PGPASSWORD": address.password])
        return try await program.output()
    }

    private static var path: String {
        get throws {
            let folders = (15...18).map { "/usr/lib/postgresql/\($0)/bin" } + ["/usr/local/bin", "/usr/bin"]
            guard
                let path = folders.map({ $0 + "/pgbench" }).first(where: {
                    FileManager.default.isExecutableFile(atPath: $0)
                })
            else { throw RunFailure("pgbench is missing: scripts/install-packages cluster") }
            return path
        }
    }
}
