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
}
