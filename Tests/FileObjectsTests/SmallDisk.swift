import Foundation
import TestProcess
import Testing

/// A small filesystem in memory, where the machine lets tests mount one.
enum SmallDisk {
    static let isPermitted: Bool = {
        // Not being permitted is the answer, whatever the reason.
        guard let folder = try? mount(megabytes: 1) else { return false }
        unmount(folder)
        return true
    }()

    static func with(megabytes: Int, _ test: (String) async throws -> Void) async throws {
        let folder = try mount(megabytes: megabytes)
        defer { unmount(folder) }
        try await test(folder)
    }

    private static func mount(megabytes: Int) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "small-disk-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        do {
            try run("/bin/mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder)
            return folder
        } catch {
            try FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private static func unmount(_ folder: String) {
        // Lazily, and at worst the machine keeps an empty folder.
        try? run("/bin/umount", "-l", folder)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func run(_ arguments: String...) throws {
        let (end, _) = try ChildProcess.runWaiting(arguments[0], Array(arguments.dropFirst()))
        guard end == .exit(0) else { throw CocoaError(.featureUnsupported) }
    }
}
