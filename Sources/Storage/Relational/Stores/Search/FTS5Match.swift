/// Groups of pieces in the language of FTS5, whose tokens are any three characters side by side.
struct FTS5Match {
    enum Form: CaseIterable {
        /// Of each piece as many tokens as it takes to hold all of its characters, wherever they stand. FTS5 walks through
        /// a list for each, so that a third of the lists is a third of the work; but what it gives must be looked at again.
        case sparse
        /// All tokens of each piece, one behind the other.
        case whole
    }

    private static let tokenLength = 3

    let text: String

    /// Without `scope` also documents that are not in it.
    init(_ groups: [[String]], scope: String?, _ form: Form) {
        // No column is named, which would cost FTS5 a test of each place: no text holds a scope, no scope a piece.
        let all = groups.map { group in
            "(" + group.map { Self.piece($0, form) }.joined(separator: " OR ") + ")"
        }
        text = (all + [scope].compactMap(\.self).map(Self.quoted)).joined(separator: " AND ")
    }

    private static func piece(_ piece: String, _ form: Form) -> String {
        switch form {
        case .whole: quoted(piece)
        case .sparse: "(" + cover(piece).map(quoted).joined(separator: " AND ") + ")"
        }
    }

    /// Tokens side by side; the last one ends the piece, and may overlap.
    static func cover(_ piece: String) -> [String] {
        let scalars = Array(piece.unicodeScalars)
        guard scalars.count > tokenLength else { return [piece] }
        let last = scalars.count - tokenLength
        let starts = Array(stride(from: 0, to: last, by: tokenLength)) + [last]
        return starts.map { start in
            var token = String.UnicodeScalarView()
            token.append(contentsOf: scalars[start..<start + tokenLength])
            return String(token)
        }
    }

    private static func quoted(_ piece: String) -> String {
        "\"" + piece.replacing("\"", with: "\"\"") + "\""
    }
}
