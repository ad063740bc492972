import ArgumentParser
import Logging
import Profiles
import Telemetry

/// Makes the schema of a profile whose processes may not.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the schema of a profile's database up to this program's; again is fine.")

    @Argument(help: "Profile: a name or a file.") var profile: String
    @Option(
        name: .long,
        help: "Where the address of the role that owns the schema is: env:NAME or file:PATH.")
    var owner: String
    @Option(name: .long, help: "Role that will serve; the one in the profile's own address if absent.")
    var role: String?
    @Option(name: .customLong("set"), help: ArgumentHelp("Overrides a key.", valueName: "key=value"))
    var overrides: [String] = []

    func run() async throws {
        guard let owner = SecretReference(owner) else {
            throw CommandFailure.usage("--owner: must be env:NAME or file:PATH, never the address itself")
        }
        let loaded = try ProfileOptions.load(profile, overrides, checkSecrets: false)
        let assembly = Assembly(
            loaded.profile, metrics: MetricRegistry(), logger: Logger(label: "cloudstream"))
        do {
            let applied = try await assembly.migrate(owner: owner, role: role)
            Output.line(
                applied.isEmpty
                    ? "The schema is up to date."
                    : "Applied: \(applied.map(String.init).joined(separator: ", ")).")
        } catch {
            throw CommandFailure.failed("app: \(error)")
        }
    }
}
