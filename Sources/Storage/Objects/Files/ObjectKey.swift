import Kernel

/// A valid key, and its place on disk: a folder per component, then `name~` for the record and two slots for
/// the bytes.
///
/// The tilde is in no key, so `a` and `a/b` lie side by side as the file `a~` and the folder `a`.
struct ObjectKey: Sendable {
    let text: String
    let folders: [String]
    private let name: String

    init(_ text: String) throws(Failure) {
        let components = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 512, components.allSatisfy(Self.isComponent) else {
            throw Self.invalid("A key is 1 to 512 of A-Z a-z 0-9 . _ / - without empty or dotted components.")
        }
        self.text = text
        folders = components.dropLast()
        name = components[components.count - 1]
    }

    var record: String { name + "~" }

    func slot(_ slot: Int) -> String { "\(name)~\(slot)" }

    /// Of `count` locks, the one that guards this key; the same in every process (FNV-1a).
    func stripe(of count: Int) -> Int {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Int(hash % UInt64(count))
    }

    static func isComponent(_ text: String) -> Bool {
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
struct ObjectPrefix: Sendable {
    let text: String
    let folders: [String]
    let rest: String

    init(_ text: String) throws(Failure) {
        let components = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        rest = components[components.count - 1]
        folders = components.dropLast()
        // The rest is only compared, never opened, so dots are harmless there.
        guard folders.allSatisfy(ObjectKey.isComponent), rest.utf8.allSatisfy(ObjectKey.isAllowed) else {
            throw ObjectKey.invalid("A prefix is the start of a key.")
        }
        self.text = text
    }
}

/// A name in the folder of a component, by what it belongs to.
enum ObjectEntry: Equatable {
    case folder(String)
    /// The record by which the object `name` exists.
    case record(String)
    /// Bytes of the object `name`, if its record points to them; else left by a crash.
    case slot(String)

    /// Nil for a name that the store never gives.
    init?(_ entry: String) {
        let parts = entry.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard ObjectKey.isComponent(name) else { return nil }
        switch parts.count == 1 ? nil : parts[1] {
        case nil: self = .folder(name)
        case "": self = .record(name)
        case "0", "1": self = .slot(name)
        default: return nil
        }
    }
}
