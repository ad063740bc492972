import Kernel

extension ObjectTree {
    /// One listing on its way through the folders.
    private struct Listing {
        let prefix: String
        let after: String
        let limit: Int
        var keys: [String] = []

        var isFull: Bool { keys.count >= limit }
        /// How many names of a folder are held at once: bounds memory, at the price of reading a large folder
        /// again.
        var window: Int { min(max(limit, 64), 1024) }

        /// Whether keys that start with `path` can belong to it; `path` ends with a slash.
        func mayHold(folder path: String) -> Bool {
            (path.hasPrefix(prefix) || prefix.hasPrefix(path)) && (path > after || after.hasPrefix(path))
        }

        func holds(_ key: String) -> Bool { key.hasPrefix(prefix) && key > after }
    }

    /// Up to `limit` keys that start with `prefix`, in byte order, behind `after`.
    func list(_ prefix: ObjectPrefix, after: String?, limit: Int) throws -> [String] {
        guard limit > 0, let folder = try folder(prefix.folders) else { return [] }
        var listing = Listing(prefix: prefix.text, after: after ?? "", limit: limit)
        try list(folder, path: prefix.folders.map { $0 + "/" }.joined(), into: &listing)
        return listing.keys
    }

    /// `path` ends with a slash or is empty.
    private func list(_ folder: Folder, path: String, into listing: inout Listing) throws {
        var last = ""
        while !listing.isFull {
            let names = try smallestNames(in: folder, path: path, above: last, for: listing)
            for name in names where !listing.isFull {
                guard name.hasSuffix("/") else {
                    listing.keys.append(path + name)
                    continue
                }
                guard let next = try folder.folder(String(name.dropLast())) else { continue }
                try list(next, path: path + name, into: &listing)
            }
            guard let final = names.last, names.count == listing.window else { return }
            last = final
        }
    }

    /// The first names above `last`, folders with a slash behind: so they sort as the keys below them do.
    private func smallestNames(
        in folder: Folder, path: String, above last: String, for listing: Listing
    ) throws -> [String] {
        let window = listing.window
        var names: [String] = []
        try folder.forEachName { entry in
            let name: String
            switch ObjectEntry(entry) {
            case .folder(let folder) where listing.mayHold(folder: path + folder + "/"): name = folder + "/"
            case .record(let object) where listing.holds(path + object): name = object
            default: return
            }
            guard name > last else { return }
            names.append(name)
            if names.count == 2 * window { names = Array(names.sorted().prefix(window)) }
        }
        return Array(names.sorted().prefix(window))
    }
}
