private import Foundation

/// Finds a profile's file by its name.
struct ProfileSearch {
    /// In the order in which they are looked through.
    let folders: [String]

    /// The working folder's profiles, those beside the executable or its parents, and `CLOUDSTREAM_PROFILES`.
    static var standard: ProfileSearch {
        var folders = ["profiles"]
        var parent = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
        if let executable = Bundle.main.executableURL { parent = executable.resolvingSymlinksInPath() }
        // .build/<triple>/debug/app and /opt/cloudstream/bin/app both have theirs within five steps.
        for _ in 0..<5 where parent.path != "/" {
            parent.deleteLastPathComponent()
            folders.append(parent.appendingPathComponent("profiles").path)
        }
        if let extra = ProcessInfo.processInfo.environment["CLOUDSTREAM_PROFILES"], !extra.isEmpty {
            folders += extra.split(separator: ":").map(String.init)
        }
        return ProfileSearch(folders: folders)
    }

    func find(_ nameOrFile: String) throws(ProfileProblems) -> String {
        let isFile = nameOrFile.contains("/") || nameOrFile.hasSuffix(".yaml") || nameOrFile.hasSuffix(".yml")
        if isFile, FileManager.default.fileExists(atPath: nameOrFile) { return nameOrFile }
        if !nameOrFile.contains("/") {
            let file = isFile ? nameOrFile : nameOrFile + ".yaml"
            for folder in folders {
                let path = "\(folder)/\(file)"
                if FileManager.default.fileExists(atPath: path) { return path }
            }
        }
        throw ProfileProblems([problem(nameOrFile)])
    }

    /// Of all profiles that can be named, sorted.
    var names: [String] {
        let files = folders.flatMap { folder in
            // A folder that is not there has no profiles.
            (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        }
        return Set(files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }).sorted()
    }

    private func problem(_ nameOrFile: String) -> ProfileProblem {
        let known = names
        let list =
            known.isEmpty ? "there are none in \(folders[0])" : "there are: \(known.joined(separator: ", "))"
        let name = URL(fileURLWithPath: nameOrFile).deletingPathExtension().lastPathComponent
        return ProfileProblem(
            file: ProfileNode.shortened(nameOrFile), message: "no such profile; \(list)",
            nearest: NearestKey.of(name, among: known))
    }
}

extension Profile {
    /// The file of a profile, given its name or its path.
    package static func find(_ nameOrFile: String) throws(ProfileProblems) -> String {
        try ProfileSearch.standard.find(nameOrFile)
    }

    /// Names of the profiles there are.
    package static var names: [String] { ProfileSearch.standard.names }
}
