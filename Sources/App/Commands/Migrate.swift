import ArgumentParser
import Logging
import Profiles
import Telemetry

/// Makes the schema of a profile whose processes may not.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Bring the schemas of a profile's databases up to this program's, and make those of tenants; again is fine."
    )

    @Argument(help: "Profile: a name or a file.") var profile: String
    @Option(
        name: .long,
        help: "Where the address of the role that owns the schema is: env:NAME or file:PATH.")
    var owner: String
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The same for one of relational.postgres.databases, where its owner is another.",
            valueName: "NAME=env:NAME"))
    var databaseOwner: [String] = []
    @Option(name: .long, help: "Role that will serve; the one in the profile's own address if absent.")
    var role: String?
    @Option(name: .customLong("set"), help: ArgumentHelp("Overrides a key.", valueName: "key=value"))
    var overrides: [String] = []

    func run() async throws {
        guard let owner = SecretReference(owner) else {
            throw CommandFailure.usage("--owner: must be env:NAME or file:PATH, never the address itself")
        }
        let roles = Assembly.MigrationRoles(
            owner: owner, owners: try databaseOwners(), serving: role)
        let loaded = try ProfileOptions.load(profile, overrides, checkSecrets: false)
        let assembly = Assembly(
            loaded.profile, metrics: MetricRegistry(), logger: Logger(label: "cloudstream"))
        do {
            let migrated = try await assembly.migrate(roles)
            for database in migrated { Output.line(Self.line(database, isAlone: migrated.count == 1)) }
        } catch {
            throw CommandFailure.failed("app: \(error)")
        }
    }

    private func databaseOwners() throws -> [String: SecretReference] {
        var owners: [String: SecretReference] = [:]
        for argument in databaseOwner {
            let words = argument.split(separator: "=", maxSplits: 1)
            guard words.count == 2, let reference = SecretReference(String(words[1])) else {
                throw CommandFailure.usage(
                    "--database-owner: must be NAME=env:NAME or NAME=file:PATH, never the address itself")
            }
            owners[String(words[0])] = reference
        }
        return owners
    }

    private static func line(_ database: MigratedDatabase, isAlone: Bool) -> String {
        let steps = database.steps.map(String.init).joined(separator: ", ")
        let text = steps.isEmpty ? "The schema is up to date." : "Applied: \(steps)."
        guard !isAlone else { return text }
        return "\(database.name): \(database.isNew ? "Made. " : "")\(text)"
    }
}
