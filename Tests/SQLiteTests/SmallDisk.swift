import Foundation
import Kernel
import TestProcess

/// A file system in memory of a few megabytes, to be filled.
struct SmallDisk {
    struct Refused: Error {}

    let folder: URL

    static let isPossible: Bool = {
        guard geteuid() == 0, let disk = try? SmallDisk(megabytes: 1) else { return false }
        disk.unmount()
        return true
    }()

    init(megabytes: Int) throws {
        folder = URL.temporaryDirectory.appending(path: "small-disk-\(UUIDv7())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        guard Self.run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder.path) else {
            throw Refused()
        }
    }

    func unmount() {
        guard Self.run("umount", "-l", folder.path) else { return }
        // An empty folder left behind harms nothing.
        try? FileManager.default.removeItem(at: folder)
    }

    private static func run(_ command: String...) -> Bool {
        (try? ChildProcess.runWaiting("/usr/bin/env", command))?.end == .exit(0)
    }
}
