import Foundation

/// The repository's own sources, as text.
struct SourceTree {
    struct File {
        /// Relative to the repository.
        let path: String
        let text: String

        /// Modules that the file imports.
        var imports: Set<String> {
            let pattern =
                /(?m)^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:package |public |private |internal |fileprivate )?import (?:struct |class |enum |func )?(\w+)/
            return Set(text.matches(of: pattern).map { String($0.1) })
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Swift files below `folder`.
    static func swiftFiles(_ folder: String) throws -> [File] {
        let base = root.appending(path: folder)
        let names = try FileManager.default.subpathsOfDirectory(atPath: base.path(percentEncoded: false))
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            File(
                path: folder + "/" + name,
                text: try String(contentsOf: base.appending(path: name), encoding: .utf8))
        }
    }
}
