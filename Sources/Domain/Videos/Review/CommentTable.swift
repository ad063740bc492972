package import Kernel

/// Comments as CSV (RFC 4180), a row each, oldest first.
package struct CommentTable: Sendable {
    private let transcript: Reviews.Transcript
    private let rate: FrameRate
    private let names: [UserID: String]

    /// `names` of members; one without shows as its id.
    package init(_ transcript: Reviews.Transcript, rate: FrameRate, names: [UserID: String]) {
        self.transcript = transcript
        self.rate = rate
        self.names = names
    }

    private static let columns = [
        "id", "timecode", "atSeconds", "untilSeconds", "author", "comment", "parentId", "createdAt",
        "editedAt", "resolvedAt", "resolvedBy",
    ]

    package var text: String {
        ([Self.columns] + transcript.comments.map(row)).map { cells in
            cells.map(Self.cell).joined(separator: ",") + "\r\n"
        }.joined()
    }

    private func row(_ comment: Comment) -> [String] {
        [
            comment.id.description, rate.timecode(frame: rate.frame(at: comment.atSeconds)),
            "\(comment.atSeconds)", comment.untilSeconds.map { "\($0)" } ?? "",
            comment.author.name(among: names), comment.text(naming: names),
            comment.parent?.description ?? "", comment.createdAt.description,
            comment.editedAt?.description ?? "", comment.resolution?.at.description ?? "",
            comment.resolution.map { names[$0.by] ?? $0.by.description } ?? "",
        ]
    }

    /// Quoted where it must be, and without what a spreadsheet would run.
    static func cell(_ text: String) -> String {
        let text = harmless(text)
        let isPlain = text.unicodeScalars.allSatisfy { !"\",\r\n".unicodeScalars.contains($0) }
        return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// Spreadsheets run what begins like a formula, so that gets an apostrophe in front; also behind what those that
    /// divide by `;` or tabs take for the beginning of a cell, quotes passed over.
    private static func harmless(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        var begins = true
        for (index, scalar) in text.unicodeScalars.enumerated() {
            let isFormula = index == 0 ? "=+-@\t\r" : "=+-@"
            if begins, isFormula.unicodeScalars.contains(scalar) { output.append("'") }
            output.append(scalar)
            begins = ";\t\r\n".unicodeScalars.contains(scalar) || begins && index > 0 && scalar == "\""
        }
        return String(output)
    }
}

extension Comment.Author {
    func name(among names: [UserID: String]) -> String {
        switch self {
        case .member(let user): names[user] ?? user.description
        case .guest(let name, _): name + " (guest)"
        }
    }
}

extension Comment {
    /// What it says, with people by their names.
    func text(naming names: [UserID: String]) -> String {
        Mention.naming(body ?? "") { names[$0] ?? $0.description }
    }

    /// Whom an export names: who wrote, who settled, who is mentioned.
    package var people: [UserID] {
        [author.member, resolution?.by].compactMap(\.self) + mentions
    }
}
