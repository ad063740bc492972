package import Kernel

/// What can be found. A new kind is a case here, its right below, and a `SearchSource` with the events that concern it.
package enum DocumentKind: String, Sendable, Codable, CaseIterable {
    case video, person, message, comment

    /// The right that shows documents of this kind.
    package var action: Action {
        switch self {
        case .video, .comment: .readVideo
        case .person: .readTeam
        case .message: .readChat
        }
    }
}

/// Names a document within a tenant. The id is of the thing itself and tells when it was made.
package struct DocumentKey: Hashable, Sendable {
    package let kind: DocumentKind
    package let id: UUIDv7

    package init(_ kind: DocumentKind, _ id: UUIDv7) {
        self.kind = kind
        self.id = id
    }
}

/// What is known of a thing for finding it: a copy, which the owning context's events keep fresh.
package struct SearchDocument: Sendable, Equatable {
    package let key: DocumentKey
    package let title: String
    /// What else is searched, such as a message or an address; empty where there is nothing.
    package let text: String
    package let author: UserID?
    package let room: UUIDv7?
    /// The circle that may see it; nil is the whole team.
    package let audience: UUIDv7?

    package init(
        _ key: DocumentKey, title: String, text: String = "", author: UserID? = nil, room: UUIDv7? = nil,
        audience: UUIDv7? = nil
    ) {
        self.key = key
        // No engine keeps a NUL.
        self.title = title.replacing("\u{0}", with: "")
        self.text = text.replacing("\u{0}", with: "")
        self.author = author
        self.room = room
        self.audience = audience
    }

    /// Bytes of folded text that are searched; what is behind them is shown, not found.
    package static let searchedBytes = 8_192

    /// Title and text as the index keeps them, `< title words > text words `: one space between words, and marks that
    /// no word can hold, so that a piece of it stands for a word, its beginning, a phrase or the whole title.
    package var searched: String {
        let title = FoldedText(self.title, maximumBytes: Self.searchedBytes / 2)
        let text = FoldedText(self.text, maximumBytes: Self.searchedBytes / 2)
        return "< \(title.joined) > \(text.joined) "
    }

    /// Each word of it once, as far as it can be mistyped.
    package var vocabulary: Set<String> {
        Set(searched.split(separator: " ").map(String.init).filter(Typo.isPossible))
    }
}
