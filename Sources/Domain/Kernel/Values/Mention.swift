/// The mark by which a text names somebody: `<@USERID>`, the 36 characters of an id with letters of either case.
package enum Mention {
    private static let bytes = 39

    /// Those who are named, each once, in order.
    package static func users(in text: String) -> [UserID] {
        var found: [UserID] = []
        for mark in marks(in: text) where !found.contains(mark.user) { found.append(mark.user) }
        return found
    }

    /// With `@` and a name in place of each mark.
    package static func naming(_ text: String, _ name: (UserID) -> String) -> String {
        replacing(text) { "@" + name($0) }
    }

    package static func removed(from text: String) -> String { replacing(text) { _ in "" } }

    private static func replacing(_ text: String, _ word: (UserID) -> String) -> String {
        var output = ""
        var rest = text.startIndex
        for mark in marks(in: text) {
            output += text[rest..<mark.range.lowerBound] + word(mark.user)
            rest = mark.range.upperBound
        }
        return output + text[rest...]
    }

    private static func marks(in text: String) -> [(user: UserID, range: Range<String.Index>)] {
        let all = text.utf8
        var found: [(user: UserID, range: Range<String.Index>)] = []
        var index = all.startIndex
        while let start = all[index...].firstIndex(of: UInt8(ascii: "<")),
            let end = all.index(start, offsetBy: bytes, limitedBy: all.endIndex)
        {
            let mark = all[start..<end]
            guard mark.dropFirst().first == UInt8(ascii: "@"), mark.last == UInt8(ascii: ">"),
                let user = UserID(String(decoding: mark.dropFirst(2).dropLast(), as: UTF8.self))
            else {
                index = all.index(after: start)
                continue
            }
            found.append((user, start..<end))
            index = end
        }
        return found
    }
}
