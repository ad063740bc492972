import Foundation

/// `KEY=VALUE` lines that a shell sources and this library reads.
package struct EnvironmentFile: Sendable, Equatable {
    package var values: [String: String] = [:]
    /// A folder that goes before whatever `LD_LIBRARY_PATH` the reader has.
    package var libraryFolder: String?

    package init(_ values: [String: String] = [:], libraryFolder: String? = nil) {
        self.values = values
        self.libraryFolder = libraryFolder
    }

    private static let libraryKey = "LD_LIBRARY_PATH"
    private static let libraryTail = "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

    /// Sorted by key; values in single quotes where a shell would read them otherwise.
    package var text: String {
        var lines = ["# Source with: set -a; . THIS_FILE; set +a"]
        lines += values.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted($0.value))" }
        if let libraryFolder {
            lines.append("\(Self.libraryKey)=\(Self.quoted(libraryFolder))\"\(Self.libraryTail)\"")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads what `text` writes; nil for anything else.
    package init?(text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { return nil }
            let key = String(line[..<equals])
            var value = String(line[line.index(after: equals)...])
            guard key == Self.libraryKey else {
                guard let plain = Self.unquoted(value) else { return nil }
                values[key] = plain
                continue
            }
            let tail = "\"\(Self.libraryTail)\""
            guard value.hasSuffix(tail) else { return nil }
            value.removeLast(tail.count)
            guard let folder = Self.unquoted(value) else { return nil }
            libraryFolder = folder
        }
    }

    /// The values over `base`, as a shell that sourced the file would have them.
    package func merged(over base: [String: String]) -> [String: String] {
        var merged = base.merging(values) { $1 }
        if let libraryFolder {
            let rest = base[Self.libraryKey].map { $0.isEmpty ? "" : ":\($0)" } ?? ""
            merged[Self.libraryKey] = libraryFolder + rest
        }
        return merged
    }

    private static func quoted(_ value: String) -> String {
        let plain = value.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "_-./:@,+=%".contains($0))
        }
        return plain ? value : "'" + value.replacing("'", with: "'\\''") + "'"
    }

    private static func unquoted(_ value: String) -> String? {
        guard value.hasPrefix("'") else { return quoted(value) == value ? value : nil }
        guard value.count >= 2, value.hasSuffix("'") else { return nil }
        return String(value.dropFirst().dropLast()).replacing("'\\''", with: "'")
    }
}
