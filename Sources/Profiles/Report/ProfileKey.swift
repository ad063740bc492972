/// One key a profile may have, as its reader declares it.
package struct ProfileKey: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case value, section
        /// A section whose presence chooses an adapter.
        case adapter
    }

    /// Stands in the documentation for a name that the profile chooses itself.
    static let anyName = "NAME"

    /// Dotted, such as `http.port`.
    package let path: String
    package let kind: Kind
    /// Such as `duration`; empty for sections.
    package let type: String
    /// Range, unit or choices.
    package let allowed: String
    /// What holds when the key is left out; nil where it is required.
    package let fallback: String?
    package let about: String
    /// As in force; nil in the documentation, and for sections.
    package internal(set) var value: String?
    /// Nil in the documentation, and where the fallback holds.
    package internal(set) var origin: ProfileOrigin?

    /// The last part of the path.
    package var name: String { path.split(separator: ".").last.map(String.init) ?? path }

    /// Whether this is the documentation of the key at `path`.
    func describes(_ path: String) -> Bool {
        if self.path == path { return true }
        let (own, other) = (self.path.split(separator: "."), path.split(separator: "."))
        return own.count == other.count
            && zip(own, other).allSatisfy { $0 == $1 || $0 == Substring(Self.anyName) }
    }

    static func section(_ path: String, _ about: String) -> ProfileKey {
        ProfileKey(path: path, kind: .section, type: "", allowed: "", fallback: nil, about: about)
    }

    /// The path without its last part; empty at the top.
    package var section: String { path.split(separator: ".").dropLast().joined(separator: ".") }
}

extension ProfileKey: CustomStringConvertible {
    /// One line for a terminal.
    package var description: String {
        let detail = [type, allowed, fallback.map { "default \($0)" } ?? ""].filter { !$0.isEmpty }
        let text = detail.isEmpty ? path : "\(path) (\(detail.joined(separator: ", ")))"
        return (value.map { "\(text) = \($0)" } ?? text) + ": \(about)"
    }
}

/// All keys there are, out of the code that reads them.
package enum ProfileKeys {
    package static let all: [ProfileKey] = {
        let log = DecodingLog(file: "")
        var root = SectionReader(path: "", node: nil, log: log)
        _ = Profile(reading: &root)
        return log.keys
    }()

    private static let bySection = Dictionary(grouping: all, by: \.section)

    /// Of the keys directly below `section`.
    static func names(in section: String) -> [String] { bySection[section, default: []].map(\.name) }

    /// The sections other than `section` that have a key of this name.
    static func sections(having name: String, otherThan section: String) -> [String] {
        all.filter { $0.name == name && $0.section != section }.map {
            $0.section.isEmpty ? "the top" : $0.section
        }
    }
}
