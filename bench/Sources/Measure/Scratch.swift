import Foundation

/// The folder for all that a run writes; on the disk that holds the builds, for a memory file system would
/// make every fsync free.
struct Scratch: Sendable {
    let root: URL

    init(repository: URL) throws {
        root = repository.appending(path: ".build/bench-\(getpid())")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    /// Gives `body` an empty folder, and removes it whatever comes of it.
    func withFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let folder = root.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // What stays goes with `root`.
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }

    func remove() throws { try FileManager.default.removeItem(at: root) }
}

extension URL {
    /// As programs and C calls take it.
    var plainPath: String { path(percentEncoded: false) }
}
