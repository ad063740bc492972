/// A valid key of an `ObjectStore`: 1 to 512 of `A-Za-z0-9._/-`, in components of 1 to 200 that are not `.` or `..`.
package struct ObjectKey: Sendable, Hashable {
    package let text: String
    /// At least one.
    package let components: [String]

    /// `invalid_key`.
    package init(_ text: String) throws(Failure) {
        let components = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 512, components.allSatisfy(Self.isComponent) else {
            throw Self.invalid("A key is 1 to 512 of A-Z a-z 0-9 . _ / - without empty or dotted components.")
        }
        self.text = text
        self.components = components
    }

    package static func isComponent(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && text.utf8.allSatisfy(isAllowed) && text != "." && text != ".."
    }

    fileprivate static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    fileprivate static func invalid(_ detail: String) -> Failure { Failure(.invalid, "invalid_key", detail) }
}

/// The start of keys: whole components, then the start of one more.
package struct ObjectPrefix: Sendable {
    package let text: String
    package let folders: [String]
    /// May be empty, or dots: it is only compared.
    package let rest: String

    /// `invalid_key` if no key starts so.
    package init(_ text: String) throws(Failure) {
        let components = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        rest = components[components.count - 1]
        folders = components.dropLast()
        guard folders.allSatisfy(ObjectKey.isComponent), rest.utf8.allSatisfy(ObjectKey.isAllowed) else {
            throw ObjectKey.invalid("A prefix is the start of a key.")
        }
        self.text = text
    }

    /// Everything cannot be meant where keys are removed by their start: `invalid_key` for the empty prefix.
    package func requireSome() throws(Failure) {
        guard !text.isEmpty else { throw ObjectKey.invalid("Everything is too much to delete at once.") }
    }
}
