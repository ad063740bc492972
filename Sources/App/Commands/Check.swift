import ArgumentParser
import Profiles

/// Validates a profile without starting or making anything.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a profile: all problems at once, with file, line and key.")

    @Argument(help: "Profile: a name or a file.") var profile: String
    @Option(name: .customLong("set"), help: ArgumentHelp("Overrides a key.", valueName: "key=value"))
    var overrides: [String] = []

    func run() async throws {
        let loaded = try ProfileOptions.load(profile, overrides, checkSecrets: true)
        Output.line("\(loaded.file): no problems")
    }
}
