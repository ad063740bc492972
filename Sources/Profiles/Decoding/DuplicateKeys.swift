/// Renames repeated keys of a text, for a parser that gives up at them.
struct DuplicateKeys {
    private var originals: [String: (name: String, firstLine: Int)] = [:]

    /// The name and the line of the first of its kind, if `key` is a renamed repetition.
    func original(of key: String) -> (name: String, firstLine: Int)? { originals[key] }

    /// The text with the first repetition of the key at `line` and `column` renamed, keeping its length.
    ///
    /// Nil unless it heads a line of the same section, as all but hostile ones do.
    mutating func rename(_ keys: [String], from line: Int, _ column: Int, in text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let indent = column - 1
        guard lines.indices.contains(line - 1),
            let key = keys.first(where: { Self.holds($0, lines[line - 1], indent) }),
            let substitute = substitute(for: key)
        else { return nil }
        for index in lines.indices.dropFirst(line) {
            let found = lines[index]
            let lead = found.prefix { $0 == " " }.count
            guard lead < found.count, found.dropFirst(lead).first != "#" else { continue }
            if lead < indent { return nil }
            guard Self.holds(key, found, indent) else { continue }
            originals[substitute] = (key, line)
            lines[index] = found.prefix(indent) + substitute + found.dropFirst(indent + key.count)
            return lines.joined(separator: "\n")
        }
        return nil
    }

    private static func holds(_ key: String, _ line: String, _ indent: Int) -> Bool {
        let rest = line.dropFirst(indent)
        guard line.prefix(indent).allSatisfy({ $0 == " " || $0 == "-" }), rest.hasPrefix(key) else {
            return false
        }
        return rest.dropFirst(key.count).drop { $0 == " " }.first == ":"
    }

    /// Of characters of the private use area, which no one types.
    private func substitute(for key: String) -> String? {
        guard !key.isEmpty, let first = Unicode.Scalar(0xE000 + UInt32(originals.count)),
            originals.count < 100
        else { return nil }
        return String(Character(first)) + String(repeating: "\u{F8FF}", count: key.unicodeScalars.count - 1)
    }
}
