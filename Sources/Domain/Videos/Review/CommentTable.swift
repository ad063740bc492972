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

    /// Quoted where it must be. Spreadsheets run what begins like a formula, so that gets an apostrophe in front.
    static func cell(_ text: String) -> String {
        let isFormula = text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
        let text = isFormula ? "'" + text : text
        let isPlain = text.unicodeScalars.allSatisfy { !"\",\r\n".unicodeScalars.contains($0) }
        return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
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
        (body ?? "").replacing(/<@([0-9A-Fa-f-]{36})>/) { match in
            "@" + (UserID(String(match.1)).flatMap { names[$0] } ?? String(match.1))
        }
    }

    /// Whom an export names: who wrote, who settled, who is mentioned.
    package var people: [UserID] {
        [author.member, resolution?.by].compactMap(\.self) + mentions
    }
}
