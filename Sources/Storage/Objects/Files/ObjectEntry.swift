import Kernel

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
