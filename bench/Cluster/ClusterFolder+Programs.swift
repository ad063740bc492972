import Foundation

extension ClusterFolder {
    /// As root, copies what was fetched into the folder: the checkout may be where the servers' account
    /// cannot go.
    func copyPrograms(under wheels: String) throws {
        guard state.account != nil else { return }
        let own = path + "/programs"
        var copied: [String: String] = [:]
        for (name, place) in state.programs.byName where place.hasPrefix(wheels + "/") {
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: place, toPath: own + "/" + name)
            copied[name] = own + "/" + name
        }
        let found = copied
        try update { for (name, place) in found { $0.programs[name] = place } }
    }
}
