import Foundation

/// Where each process of a machine keeps files in the making: a folder named by its process number.
enum ScratchFolder {
    /// Absolute, for the media worker is told absolute paths.
    static func own(below base: String) -> String {
        let base = URL(filePath: base).standardizedFileURL.path(percentEncoded: false)
        return (base.hasSuffix("/") ? base : base + "/") + String(ProcessInfo.processInfo.processIdentifier)
    }

    /// Removes the folders of processes that are gone, with the links to sources in them.
    static func sweep(_ base: String) throws {
        guard FileManager.default.fileExists(atPath: base) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: base) {
            let isAlive = Int32(name).map { kill($0, 0) == 0 || errno == EPERM } ?? false
            if !isAlive || name == String(ProcessInfo.processInfo.processIdentifier) {
                try FileManager.default.removeItem(atPath: base + "/" + name)
            }
        }
    }
}
