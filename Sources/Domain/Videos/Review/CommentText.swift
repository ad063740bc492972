import Kernel

/// The words of a comment, and whom they name as `<@USERID>`.
struct CommentText: Sendable, Equatable {
    static let maximumBytes = 8_000
    static let maximumMentions = 20

    let body: String
    let mentions: [UserID]

    /// `invalid_request` unless there are 1 to 8,000 bytes of text without control characters.
    init(_ text: String) throws(Failure) {
        let body = text.replacing("\r\n", with: "\n").trimmed
        guard !body.isEmpty else { throw .invalid("body", "required", "Please write something.") }
        guard body.utf8.count <= Self.maximumBytes else {
            throw .invalid("body", "too_long", "A comment has at most \(Self.maximumBytes) bytes.")
        }
        let isPlain = body.unicodeScalars.allSatisfy {
            $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control
        }
        guard isPlain else { throw .invalid("body", "invalid", "A comment has no control characters.") }
        let mentions = Mention.users(in: body)
        guard mentions.count <= Self.maximumMentions else {
            throw .invalid(
                "body", "too_many_mentions", "A comment names at most \(Self.maximumMentions) people.")
        }
        self.body = body
        self.mentions = mentions
    }
}
