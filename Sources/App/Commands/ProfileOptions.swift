import ArgumentParser
import Profiles

/// How a command is told its profile.
struct ProfileOptions: ParsableArguments {
    @Option(name: .long, help: "Profile: a name, such as seed, or a file.")
    var profile = "seed"

    @Option(
        name: .long,
        help: "Part of the work that this process does, separated by commas; all of the profile's if absent.")
    var role: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Overrides a key of the profile.", valueName: "key=value"))
    var overrides: [String] = []

    /// The profile, or all its problems as a usage failure.
    func load(checkSecrets: Bool = true) throws -> LoadedProfile {
        try Self.load(profile, overrides, role, checkSecrets: checkSecrets)
    }

    static func load(
        _ name: String, _ overrides: [String] = [], _ role: String? = nil, checkSecrets: Bool
    ) throws -> LoadedProfile {
        do {
            return try ProfileLoader.load(
                nameOrFile: name, overrides: overrides, roles: try role.map(roles), checkSecrets: checkSecrets
            )
        } catch let problems as ProfileProblems {
            throw CommandFailure.usage(problems.description)
        }
    }

    private static func roles(_ text: String) throws -> [ProcessRole] {
        try text.split(separator: ",").map { name in
            guard let role = ProcessRole(rawValue: String(name)) else {
                let known = ProcessRole.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure.usage("--role: \"\(name)\" is none of \(known)")
            }
            return role
        }
    }
}
