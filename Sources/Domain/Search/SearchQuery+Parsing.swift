private import Foundation
package import Kernel

extension SearchQuery {
    package static let maximumLength = 256
    package static let maximumWords = 16

    /// Reads `text`: words, `"a phrase"`, `begin*`, and the filters `kind:video`, `author:` (an id or `me`), `room:`,
    /// `after:2026-01-31` (included) and `before:` (not included), each also with a time, in UTC.
    ///
    /// Whatever else stands there is text. `invalid_request` for a filter without sense and for what is too long.
    package init(_ text: String, by asker: UserID) throws(Failure) {
        guard text.unicodeScalars.count <= Self.maximumLength else {
            throw .invalid("q", "too_long", "A search has at most \(Self.maximumLength) characters.")
        }
        for token in Self.tokens(text) {
            switch token {
            case .quoted(let text): add(.phrase(FoldedText(text).words.map(\.text)))
            case .plain(let text):
                if let (name, value) = Self.filter(text) {
                    try apply(name, value, asker)
                } else {
                    add(Self.term(text))
                }
            }
        }
        guard terms.reduce(0, { $0 + $1.words.count }) <= Self.maximumWords else {
            throw .invalid("q", "too_long", "A search has at most \(Self.maximumWords) words.")
        }
    }

    private mutating func add(_ term: Term) {
        if !term.words.isEmpty { terms.append(term) }
    }

    private enum Token { case quoted(String), plain(String) }

    /// A quotation that is not ended ends with the text.
    private static func tokens(_ text: String) -> [Token] {
        var tokens: [Token] = []
        var part = ""
        var isQuoted = false
        func end() {
            if !part.isEmpty { tokens.append(isQuoted ? .quoted(part) : .plain(part)) }
            part = ""
        }
        for character in text {
            if character == "\"" || character == "\u{201C}" || character == "\u{201D}" {
                end()
                isQuoted.toggle()
            } else if character.isWhitespace, !isQuoted {
                end()
            } else {
                part.append(character)
            }
        }
        end()
        return tokens
    }

    private static func term(_ text: String) -> Term {
        let words = FoldedText(text).words.map(\.text)
        guard let last = words.last else { return .phrase([]) }
        // One letter begins too much; a character that is a word has nothing to begin.
        if text.last == "*" { return last.unicodeScalars.count >= 2 ? .prefix(words) : .phrase(words) }
        return words.count == 1 ? .word(last) : .phrase(words)
    }

    private enum Filter: String { case kind, author, room, after, before }

    private static func filter(_ text: String) -> (Filter, String)? {
        guard let colon = text.firstIndex(of: ":"),
            let filter = Filter(rawValue: text[..<colon].lowercased())
        else { return nil }
        return (filter, String(text[text.index(after: colon)...]))
    }

    private mutating func apply(_ filter: Filter, _ value: String, _ asker: UserID) throws(Failure) {
        switch filter {
        case .kind: try narrow(toKind: value, field: "q")
        case .author:
            let author = value.lowercased() == "me" ? asker : UserID(value.lowercased())
            guard let author else {
                throw .invalid("q", "invalid_filter", "After author: comes an id, or me.")
            }
            self.filter.author = author
        case .room: try narrow(toRoom: value, field: "q")
        case .after: self.filter.from = try Self.moment(value)
        case .before: self.filter.until = try Self.moment(value)
        }
    }

    package mutating func narrow(toKind text: String, field: String) throws(Failure) {
        guard let kind = DocumentKind(rawValue: text.lowercased()) else {
            let known = DocumentKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(field, "invalid_filter", "A kind is one of \(known).")
        }
        filter.kinds.formIntersection([kind])
    }

    package mutating func narrow(toRoom text: String, field: String) throws(Failure) {
        guard let room = UUIDv7(text.lowercased()) else {
            throw .invalid(field, "invalid_filter", "A room is named by its id.")
        }
        filter.room = room
    }

    private static func moment(_ text: String) throws(Failure) -> Timestamp {
        let full = text.contains("T") ? text : text + "T00:00:00Z"
        // Whatever the reason, the answer is the same sentence.
        guard let date = try? Date(full, strategy: .iso8601),
            (0..<253_402_300_800).contains(date.timeIntervalSince1970)
        else {
            throw .invalid("q", "invalid_filter", "A time is a date such as 2026-01-31.")
        }
        return Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1000))
    }
}
