private import Foundation

/// A secret's file: only its owner may read it, and it appears whole or not at all.
struct SecretFile {
    let path: String

    private static let maximumBytes = 64 << 10

    /// Nil if there is none.
    func read() throws(BadSecret) -> String? {
        // A pipe without a writer would hold the opening for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw BadSecret("file \(path) cannot be read: \(Self.reason)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw BadSecret("file \(path) is not a regular file")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw BadSecret("file \(path) is open to others (mode 0\(mode)); run: chmod 600 \(path)")
        }
        guard status.st_size <= Self.maximumBytes else {
            throw BadSecret("file \(path) is too large for a secret")
        }
        do {
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
            return String(decoding: try handle.read(upToCount: Self.maximumBytes) ?? Data(), as: UTF8.self)
        } catch {
            throw BadSecret("file \(path) cannot be read: \(error.localizedDescription)")
        }
    }

    /// Makes the file, or finds that another process was faster. Gives what is in it then.
    func create(_ text: String) throws(BadSecret) -> String {
        try makeFolder()
        try checkFolder()
        let draft = "\(path).\(getpid()).\(UInt32.random(in: .min ... .max))"
        defer { unlink(draft) }
        try write(text, to: draft)
        // A link, unlike a rename, never replaces what another process has begun to use.
        guard link(draft, path) == 0 || errno == EEXIST else {
            throw BadSecret("file \(path) cannot be made: \(Self.reason)")
        }
        try syncFolder()
        guard let kept = try read() else { throw BadSecret("file \(path) has vanished") }
        return kept
    }

    /// Whether `create` can succeed, as far as one can tell without trying.
    func checkCreatable() throws(BadSecret) {
        var ancestor = folder
        while ancestor.count > 1, ancestor != ".", access(ancestor, F_OK) != 0 {
            ancestor = SecretFile(path: ancestor).folder
        }
        guard access(ancestor, W_OK | X_OK) == 0 else {
            throw BadSecret("file \(path) does not exist and cannot be made: \(ancestor): \(Self.reason)")
        }
        if ancestor == folder { try checkFolder() }
    }

    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// By hand: what is there already must keep its mode.
    private func makeFolder() throws(BadSecret) {
        guard access(folder, F_OK) != 0 else { return }
        let parent = SecretFile(path: folder)
        if parent.folder != folder { try parent.makeFolder() }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw BadSecret("folder \(folder) cannot be made: \(Self.reason)")
        }
    }

    private func checkFolder() throws(BadSecret) {
        var status = stat()
        guard stat(folder, &status) == 0 else { throw BadSecret("folder \(folder): \(Self.reason)") }
        guard status.st_mode & 0o022 == 0 else {
            throw BadSecret(
                "others may write to folder \(folder), and so replace its secrets; run: chmod 700 \(folder)")
        }
    }

    private func write(_ text: String, to draft: String) throws(BadSecret) {
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BadSecret("file \(draft) cannot be made: \(Self.reason)") }
        defer { close(descriptor) }
        do {
            try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(
                contentsOf: Data(text.utf8))
        } catch {
            throw BadSecret("file \(draft) cannot be written: \(error.localizedDescription)")
        }
        guard fsync(descriptor) == 0 else {
            throw BadSecret("file \(draft) cannot be written: \(Self.reason)")
        }
    }

    /// Without it a power cut could take the name away again, and with it every token signed since.
    private func syncFolder() throws(BadSecret) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BadSecret("folder \(folder): \(Self.reason)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw BadSecret("folder \(folder): \(Self.reason)") }
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
