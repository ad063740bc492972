private import Foundation
private import Yams

/// How `--print-config` writes.
package enum ProfileFormat: String, Sendable, CaseIterable {
    case yaml, json
}

extension Profile {
    /// Every value in force, always in the same order. Of a secret, only its reference appears.
    package func printed(format: ProfileFormat) -> String {
        switch format {
        case .yaml: PrintedValue.section(sections).yaml(indent: 0)
        case .json: PrintedValue.section(sections).json(indent: 0) + "\n"
        }
    }

    private var sections: [PrintedValue.Entry] {
        guard case .section(let stored) = PrintedValue(reflecting: self) else { return [] }
        let consumer = stored.filter { $0.key == "consumer" }
        return stored.compactMap { entry in
            switch (entry.key, entry.value) {
            case ("name", let name): .init(key: "profile", value: name)
            // In the file the consumer stands beside the adapter it reads from.
            case ("events", .section(let adapter)): .init(key: "events", value: .section(adapter + consumer))
            case ("consumer", _): nil
            default: entry
            }
        }
    }
}

extension PrintedValue {
    fileprivate func yaml(indent: Int) -> String {
        switch self {
        case .literal(let text): text
        case .text(let text): Self.needsQuotes(text) ? Self.quoted(text) : text
        case .list(let values): "[\(values.map { $0.yaml(indent: indent) }.joined(separator: ", "))]"
        case .secret(let reference):
            PrintedValue.text(reference.description).yaml(indent: indent) + "  # (redacted)"
        case .section(let entries): entries.map { $0.yaml(indent: indent) }.joined()
        }
    }

    fileprivate func json(indent: Int) -> String {
        let inner = String(repeating: " ", count: indent + 2)
        switch self {
        case .literal(let text): return text
        case .text(let text): return Self.quoted(text)
        case .list(let values): return "[\(values.map { $0.json(indent: indent) }.joined(separator: ", "))]"
        case .secret(let reference):
            return "{\"reference\": \(Self.quoted(reference.description)), \"value\": \"(redacted)\"}"
        case .section(let entries):
            let lines = entries.map { "\(inner)\(Self.quoted($0.key)): \($0.value.json(indent: indent + 2))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(inner.dropLast(2))}"
        }
    }

    /// Whether plain YAML would read the text as something else.
    private static func needsQuotes(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, isPlain(first), first != "-", first != ":" else {
            return true
        }
        guard text.unicodeScalars.allSatisfy(isPlain), !text.hasSuffix(":") else { return true }
        return Node(text).tag.rawValue != Tag.Name.str.rawValue
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "/", ":", "+": true
        default: false
        }
    }

    /// As JSON wants it, which YAML takes too.
    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2)
                    + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }
}

extension PrintedValue.Entry {
    fileprivate func yaml(indent: Int) -> String {
        let lead = String(repeating: " ", count: indent)
        guard case .section = value else { return "\(lead)\(key): \(value.yaml(indent: indent))\n" }
        return "\(lead)\(key):\n\(value.yaml(indent: indent + 2))"
    }
}
