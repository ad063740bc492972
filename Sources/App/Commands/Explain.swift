import ArgumentParser
import Kernel
import Profiles

/// Tells what a profile makes of the program.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Explain a profile: which adapter is behind which port, what it promises, which limits hold.")

    @Argument(help: "Profile: a name or a file.") var profile: String
    @Option(name: .customLong("set"), help: ArgumentHelp("Overrides a key.", valueName: "key=value"))
    var overrides: [String] = []
    @Flag(name: .long, help: "List every key there is, with its unit and meaning.") var keys = false
    @Flag(name: .long, help: "One JSON document.") var json = false

    func run() async throws {
        let loaded = try ProfileOptions.load(profile, overrides, checkSecrets: false)
        if keys { return Output.line(ProfileKeys.all.map(\.description).joined(separator: "\n")) }
        Output.line(json ? Self.document(loaded) : Self.text(loaded))
    }

    private static func text(_ loaded: LoadedProfile) -> String {
        var lines = ["\(loaded.file)", "", "roles: " + roles(loaded), ""]
        for binding in loaded.profile.bindings {
            lines.append("\(binding.port) -> \(binding.adapter)")
            lines.append("    \(binding.guarantee)")
            for key in loaded.keys where key.path.hasPrefix(binding.section + ".") {
                if let value = key.value { lines.append("    \(key.path) = \(value)") }
            }
            lines.append("")
        }
        let bound = loaded.profile.bindings.map { $0.section + "." }
        lines.append("Everything else")
        for key in loaded.keys where !bound.contains(where: key.path.hasPrefix) {
            if let value = key.value { lines.append("    \(key.path) = \(value)") }
        }
        return lines.joined(separator: "\n")
    }

    private static func roles(_ loaded: LoadedProfile) -> String {
        loaded.profile.roles.map(\.rawValue).sorted().joined(separator: ", ")
    }

    private static func document(_ loaded: LoadedProfile) -> String {
        var json = JSONWriter()
        json.object { json in
            json.field("file", loaded.file)
            json.array("roles", loaded.profile.roles.map(\.rawValue).sorted()) { $0.value($1) }
            json.array("bindings", loaded.profile.bindings) { json, binding in
                json.object {
                    $0.field("port", binding.port)
                    $0.field("adapter", binding.adapter)
                    $0.field("guarantee", binding.guarantee)
                }
            }
            json.object("keys") { json in
                for key in loaded.keys { if let value = key.value { json.field(key.path, value) } }
            }
        }
        return json.text
    }
}
