import NIOCore

/// A document as S3 answers it: elements with text or children. Attributes and comments are passed over,
/// a document type is refused.
struct XMLElement: Sendable {
    struct Malformed: Error, Sendable {
        /// In bytes.
        let offset: Int
    }

    /// Without its namespace prefix.
    let name: String
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    fileprivate init(name: String) { self.name = name }

    /// Throws `Malformed`; also for more than 16 levels.
    init(reading buffer: ByteBuffer) throws(Malformed) {
        var reader = XMLReader(bytes: Array(buffer.readableBytesView))
        self = try reader.document()
    }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    func text(of name: String) -> String? { children.first { $0.name == name }?.text }
}

private struct XMLReader {
    private static let maximumDepth = 16

    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    private var malformed: XMLElement.Malformed { .init(offset: position) }

    mutating func document() throws(XMLElement.Malformed) -> XMLElement {
        try skipProlog()
        let root = try element(depth: 1)
        try skipProlog()
        guard position == bytes.count else { throw malformed }
        return root
    }

    /// White space, declarations, comments: what may stand around the root.
    private mutating func skipProlog() throws(XMLElement.Malformed) {
        while position < bytes.count {
            if bytes[position] <= 0x20 || [0xEF, 0xBB, 0xBF].contains(bytes[position]) {
                position += 1
            } else if starts("<?") {
                try pass("?>")
            } else if starts("<!--") {
                try pass("-->")
            } else {
                return
            }
        }
    }

    private mutating func element(depth: Int) throws(XMLElement.Malformed) -> XMLElement {
        guard depth <= Self.maximumDepth, starts("<") else { throw malformed }
        position += 1
        var element = XMLElement(name: try name())
        if try skipAttributes() { return element }
        while true {
            element.text += try characters()
            if starts("<!--") {
                try pass("-->")
            } else if starts("</") {
                position += 2
                guard try name() == element.name else { throw malformed }
                try pass(">")
                return element
            } else {
                element.children.append(try self.element(depth: depth + 1))
            }
        }
    }

    private mutating func name() throws(XMLElement.Malformed) -> String {
        let start = position
        while position < bytes.count, Self.isName(bytes[position]) { position += 1 }
        guard position > start else { throw malformed }
        let name = String(decoding: bytes[start..<position], as: UTF8.self)
        return name.split(separator: ":").last.map(String.init) ?? name
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: ":"):
            true
        default: byte >= 0x80
        }
    }

    /// To the end of the start tag; true if it closes its element at once.
    private mutating func skipAttributes() throws(XMLElement.Malformed) -> Bool {
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return bytes[position - 2] == UInt8(ascii: "/")
            } else if byte == UInt8(ascii: "<") {
                throw malformed
            }
        }
        throw malformed
    }

    private mutating func characters() throws(XMLElement.Malformed) -> String {
        var text: [UInt8] = []
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "<"):
                guard starts("<![CDATA[") else { return String(decoding: text, as: UTF8.self) }
                let start = position + 9
                try pass("]]>")
                text += bytes[start..<max(start, position - 3)]
            case UInt8(ascii: "&"): text += Array(String(try reference()).utf8)
            default:
                let rest = bytes[position...]
                let end = rest.firstIndex { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "&") }
                text += rest[..<(end ?? rest.endIndex)]
                position = end ?? rest.endIndex
            }
        }
        throw malformed
    }

    private mutating func reference() throws(XMLElement.Malformed) -> Character {
        let start = position + 1
        guard let end = bytes[start...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { throw malformed }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        position = end + 1
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let isHexadecimal = name.hasPrefix("#x")
            guard name.hasPrefix("#"),
                let code = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10),
                let scalar = Unicode.Scalar(code)
            else { throw malformed }
            return Character(scalar)
        }
    }

    private func starts(_ text: StaticString) -> Bool {
        // Nearly all differ there.
        guard position < bytes.count, bytes[position] == text.utf8Start.pointee else { return false }
        return text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    /// Behind the next `text`.
    private mutating func pass(_ text: StaticString) throws(XMLElement.Malformed) {
        while position < bytes.count {
            if starts(text) {
                position += text.utf8CodeUnitCount
                return
            }
            position += 1
        }
        throw malformed
    }
}

extension String {
    /// As the text of an element.
    var escapedForXML: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
