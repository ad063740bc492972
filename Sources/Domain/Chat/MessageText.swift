package import Kernel

/// What a message may say, and whom it names.
package enum MessageText {
    /// Of UTF-8, after trimming.
    package static let maximumBytes = 8_000
    package static let maximumMentions = 20
    /// Characters of a room's title.
    package static let maximumTitle = 100

    /// The text without white space around it; emoji, marks and both directions of writing stay as they came.
    package static func validated(_ text: String, field: String = "body") throws(Failure) -> String {
        let text = text.trimmed
        guard !text.isEmpty else { throw .invalid(field, "required", "Please write something.") }
        guard text.utf8.count <= maximumBytes else {
            throw .invalid(field, "too_long", "A message has at most \(maximumBytes) bytes.")
        }
        let isPlain = text.unicodeScalars.allSatisfy { !isControl($0) || $0 == "\n" || $0 == "\t" }
        guard isPlain else {
            throw .invalid(field, "control_character", "A message may not hold control characters.")
        }
        guard Mention.users(in: text).count <= maximumMentions else {
            throw .invalid(field, "too_many_mentions", "A message names at most \(maximumMentions) people.")
        }
        return text
    }

    package static func validated(title: String) throws(Failure) -> String {
        let title = title.trimmed
        guard (1...maximumTitle).contains(title.count), title.utf8.count <= maximumTitle * 8,
            !title.unicodeScalars.contains(where: isControl)
        else {
            throw .invalid(
                "title", "invalid",
                "A title has 1 to \(maximumTitle) characters, none of them control characters.")
        }
        return title
    }

    package static func isClientID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control
    }
}
