import Kernel

extension ObjectTree {
    /// Removes every object whose key starts with `prefix`, and the folders that are empty then. Durable.
    func delete(_ prefix: ObjectPrefix) throws {
        var path = [objects]
        for name in prefix.folders {
            guard let next = try path[path.count - 1].folder(name) else { return }
            path.append(next)
        }
        let text = prefix.folders.map { $0 + "/" }.joined()
        try clear(path[path.count - 1], path: text, start: prefix.rest)
        for (parent, name) in zip(path, prefix.folders).reversed() {
            guard try parent.removeFolder(name) else { return }
            try parent.sync()
        }
    }

    /// Removes what lies in `folder` under names that start with `start`. `path` ends with a slash or is
    /// empty.
    private func clear(_ folder: Folder, path: String, start: String) throws {
        var isChanged = true
        // Again until nothing is found, because names may be skipped while others are removed.
        while isChanged {
            isChanged = false
            try folder.forEachName { entry in
                switch ObjectEntry(entry) {
                case .folder(let name) where (name + "/").hasPrefix(start):
                    guard let inner = try folder.folder(name) else { return }
                    try clear(inner, path: path + name + "/", start: "")
                    if try folder.removeFolder(name) { isChanged = true }
                case .record(let name) where name.hasPrefix(start),
                    .slot(let name) where name.hasPrefix(start):
                    if try remove(ObjectKey(path + name), from: folder) { isChanged = true }
                default: return
                }
            }
        }
        try folder.sync()
    }

    /// The record goes first: without it the object is gone.
    private func remove(_ key: ObjectKey, from folder: Folder) throws -> Bool {
        try locked(key) {
            var isChanged = try folder.remove(key.record)
            for slot in 0...1 where try folder.remove(key.slot(slot)) { isChanged = true }
            return isChanged
        }
    }
}
