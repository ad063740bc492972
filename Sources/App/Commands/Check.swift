import ArgumentParser
import Profiles

/// Validates a profile without starting or making anything.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a profile: all problems at once, with file, line and key.")

    @Argument(help: "Profile: a name or a file.") var profile: String
    @Option(name: .customLong("set"), help: ArgumentHelp("Overrides a key.", valueName: "key=value"))
    var overrides: [String] = []

    @Option(help: "Checks what a process of these roles needs, not of those of the profile: api,worker,...")
    var role: String?

    func run() async throws {
        let loaded = try ProfileOptions.load(profile, overrides, role, checkSecrets: true)
        Output.line("\(loaded.file): no problems")
    }
}
