/// One value as written, before anything is known about its type.
struct ProfileNode: Sendable {
    indirect enum Content: Sendable {
        case scalar(Scalar)
        case sequence([ProfileNode])
        case mapping([Entry])
    }

    struct Scalar: Sendable {
        enum Kind: Sendable {
            case text, number, boolean, empty
        }

        let text: String
        let kind: Kind
    }

    struct Entry: Sendable {
        let key: String
        /// Of the key; a value's own may be lines away.
        let origin: ProfileOrigin
        var value: ProfileNode
    }

    var content: Content
    let origin: ProfileOrigin

    var isEmpty: Bool {
        if case .scalar(let scalar) = content { scalar.kind == .empty } else { false }
    }

    /// What it is, for messages.
    var summary: String {
        switch content {
        case .mapping: "a section"
        case .sequence: "a list"
        case .scalar(let scalar) where scalar.kind == .empty: "empty"
        case .scalar(let scalar): "\"\(Self.shortened(scalar.text))\""
        }
    }

    /// Bounded, and on one line whatever it holds.
    static func shortened(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars.prefix(61) {
            let isControl =
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{2028}"
            line.unicodeScalars.append(isControl ? " " : scalar)
        }
        return line.unicodeScalars.count > 60 ? String(line.unicodeScalars.prefix(57)) + "..." : line
    }
}
