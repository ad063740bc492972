import Kernel

/// A key's place on disk: a folder per component, then `name~` for the record and two slots for the bytes.
///
/// The tilde is in no key, so `a` and `a/b` lie side by side as the file `a~` and the folder `a`.
extension ObjectKey {
    var folders: [String] { components.dropLast() }

    private var name: String { components[components.count - 1] }

    var record: String { name + "~" }

    func slot(_ slot: Int) -> String { "\(name)~\(slot)" }

    /// Of `count` locks, the one that guards this key; the same in every process (FNV-1a).
    func stripe(of count: Int) -> Int {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Int(hash % UInt64(count))
    }
}
