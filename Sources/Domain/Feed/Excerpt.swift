private import Foundation
package import Kernel

/// The beginning of what somebody wrote, in one line.
package enum Excerpt {
    package static let maximumCharacters = 160

    /// Mentions stay as they stand, `<@USERID>`, and are never cut in two.
    package static func of(_ body: String) -> String {
        let words = body.split(whereSeparator: \.isWhitespace)
        var text = ""
        for word in words {
            let longer = text.isEmpty ? String(word) : text + " " + word
            guard longer.count > maximumCharacters else {
                text = longer
                continue
            }
            // One endless word is cut; a word that does not fit is left out.
            return (text.isEmpty ? String(longer.prefix(maximumCharacters)) : text) + "…"
        }
        return text
    }

    /// With the names of those who are mentioned; who is not known is somebody.
    package static func named(_ text: String, _ name: (UserID) -> String?) -> String {
        text.replacing(/<@([0-9a-f-]{36})>/) { match in
            "@" + (UserID(String(match.1)).flatMap(name) ?? "somebody")
        }
    }

    package static func mentioned(in text: String) -> Set<UserID> {
        Set(text.matches(of: /<@([0-9a-f-]{36})>/).compactMap { UserID(String($0.1)) })
    }
}
