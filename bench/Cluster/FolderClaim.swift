import Foundation

/// The right to change a cluster's folder: one process at a time, given back also by a crash.
struct FolderClaim {
    private let descriptor: Int32
    private let path: String

    /// Waits for nobody: who finds it taken says so.
    init(_ path: String) throws {
        self.path = path
        descriptor = open(path + "/" + ClusterFolder.lockName, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ClusterFailure("\(path) cannot be used: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ClusterFailure("Another command is at work in \(path).")
        }
    }

    func release() { close(descriptor) }

    /// Leaves no trace in a folder that was to hold a cluster, and does not. The claim is still to be released.
    func abandon() {
        unlink(path + "/" + ClusterFolder.lockName)
        rmdir(path)
    }

    static func absolute(_ path: String) throws -> String {
        let url = URL(filePath: path).standardizedFileURL.absoluteURL
        let path = url.path(percentEncoded: false).trimmingSuffix("/")
        // Paths stand in configuration files of several grammars, none of which agree on quoting.
        guard path.count > 1, path.allSatisfy({ $0.isLetter || $0.isNumber || "/._-+@".contains($0) }) else {
            throw ClusterFailure("\"\(path)\" must consist of letters, digits and / . _ - + @ alone.")
        }
        return path
    }

    /// Makes the folder; refuses one that somebody else could have laid out as a trap.
    static func prepare(_ path: String) throws -> String {
        let path = try absolute(path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var status = stat()
        guard lstat(path, &status) == 0, status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFDIR else {
            throw ClusterFailure("\(path) is not a folder of your own.")
        }
        let parent = (path as NSString).deletingLastPathComponent
        guard stat(parent, &status) == 0, [0, geteuid()].contains(status.st_uid) else {
            throw ClusterFailure("\(parent) belongs to somebody else.")
        }
        return path
    }
}
