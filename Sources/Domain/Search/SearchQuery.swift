package import Kernel

/// What somebody is looking for, understood.
package struct SearchQuery: Sendable, Equatable {
    package enum Term: Sendable, Equatable {
        /// A word, also as the beginning of a word or with one typo.
        case word(String)
        /// These words side by side, as they are.
        case phrase([String])
        /// As a phrase, where the last word may go on.
        case prefix([String])

        package var words: [String] {
            switch self {
            case .word(let word): [word]
            case .phrase(let words), .prefix(let words): words
            }
        }
    }

    package var terms: [Term] = []
    package var filter = SearchFilter()

    package init() {}
}

/// What a hit must be, whatever it says.
package struct SearchFilter: Sendable, Equatable {
    package var kinds: Set<DocumentKind> = Set(DocumentKind.allCases)
    package var author: UserID?
    package var room: UUIDv7?
    /// Made then or later.
    package var from: Timestamp?
    /// Made before then.
    package var until: Timestamp?
    /// Circles whose documents are shown beside those for the whole team.
    package var audiences: [UUIDv7] = []

    package init() {}

    /// Whether somebody asked for a part of all documents.
    var narrows: Bool {
        kinds.count < DocumentKind.allCases.count || author != nil || room != nil || from != nil
            || until != nil
    }
}
