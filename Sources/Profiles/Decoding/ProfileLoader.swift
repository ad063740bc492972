private import Foundation

/// A profile and where it came from.
package struct LoadedProfile: Sendable {
    package let file: String
    package let profile: Profile
    /// Those that hold, each with its value and where that was written.
    package let keys: [ProfileKey]
}

/// From a file to a profile, or to everything that is wrong with it.
package enum ProfileLoader {
    /// `overrides` are the arguments of `--set`, `roles` those of `--role`. Makes no file, also no secret.
    package static func load(
        nameOrFile: String, overrides: [String] = [], roles: [ProcessRole]? = nil, checkSecrets: Bool = true
    ) throws(ProfileProblems) -> LoadedProfile {
        let file = try Profile.find(nameOrFile)
        return try decode(
            read(file), file: file, overrides: overrides, roles: roles,
            environment: checkSecrets ? ProcessInfo.processInfo.environment : nil)
    }

    /// Without an `environment` secrets are not looked at.
    static func decode(
        _ text: String, file: String, overrides: [String] = [], roles: [ProcessRole]? = nil,
        environment: [String: String]? = nil
    ) throws(ProfileProblems) -> LoadedProfile {
        let document = YAMLDocument(text, file: file)
        guard var root = document.root, case .mapping = root.content else {
            let shape = ProfileProblem(
                file: file, line: 1, column: 1, message: "must be sections with keys and values")
            throw ProfileProblems(document.problems.isEmpty ? [shape] : document.problems)
        }
        var settings = ProfileOverrides()
        for argument in overrides { settings.apply(argument, to: &root) }
        if let roles { ProfileOverrides.apply(roles, to: &root) }
        let log = DecodingLog(file: file)
        var reader = SectionReader(path: "", node: root, log: log)
        let profile = Profile(reading: &reader)
        reader.finish()
        var problems = document.problems + settings.problems + log.problems
        if let environment {
            problems += secretProblems(log, profile, environment)
        }
        guard problems.isEmpty else { throw ProfileProblems(sorted(problems)) }
        return LoadedProfile(file: file, profile: profile, keys: log.keys)
    }

    private static func secretProblems(
        _ log: DecodingLog, _ profile: Profile, _ environment: [String: String]
    ) -> [ProfileProblem] {
        log.secrets.compactMap { secret in
            let roles = secret.need.roles
            guard roles.isEmpty || !roles.isDisjoint(with: profile.roles) else { return nil }
            let problem = secret.reference.problem(
                secret.need.kind, createMissing: profile.secrets.createMissing, environment: environment)
            guard let problem else { return nil }
            return secret.origin?.problem(in: log.file, secret.keyPath, problem)
                ?? ProfileProblem(file: log.file, keyPath: secret.keyPath, message: problem)
        }
    }

    /// In the order of the file; the command line, which has no lines, comes last.
    private static func sorted(_ problems: [ProfileProblem]) -> [ProfileProblem] {
        let numbered = problems.enumerated().map { (number: $0.offset, problem: $0.element) }
        func place(_ entry: (number: Int, problem: ProfileProblem)) -> (Int, Int, Int) {
            (entry.problem.line == 0 ? .max : entry.problem.line, entry.problem.column, entry.number)
        }
        return numbered.sorted { place($0) < place($1) }.map(\.problem)
    }

    private static func read(_ file: String) throws(ProfileProblems) -> String {
        let content: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            content = try handle.read(upToCount: YAMLDocument.maximumBytes + 1) ?? Data()
        } catch {
            throw ProfileProblems([ProfileProblem(file: file, message: "cannot be read")])
        }
        guard content.count <= YAMLDocument.maximumBytes else {
            throw ProfileProblems([ProfileProblem(file: file, message: "larger than 1MiB")])
        }
        guard let text = String(data: content, encoding: .utf8) else {
            throw ProfileProblems([ProfileProblem(file: file, message: "not UTF-8 text")])
        }
        return text
    }
}
