import Synchronization

/// Gives each member of a group in this process a name of its own, the same ones in every run.
final class InstanceNames: Sendable {
    private let taken = Mutex<Set<String>>([])

    /// A name until it is released.
    final class Lease: Sendable {
        let name: String
        private let key: String
        private let names: InstanceNames

        fileprivate init(name: String, key: String, names: InstanceNames) {
            self.name = name
            self.key = key
            self.names = names
        }

        deinit { names.taken.withLock { _ = $0.remove(key) } }
    }

    /// `base`, or the first of `base-2`, `base-3`, ... that no other living member of `group` has.
    func take(_ base: String, group: String) -> Lease {
        taken.withLock { taken in
            var number = 1
            while true {
                let name = number == 1 ? base : "\(base)-\(number)"
                if taken.insert("\(group)/\(name)").inserted {
                    return Lease(name: name, key: "\(group)/\(name)", names: self)
                }
                number += 1
            }
        }
    }
}
