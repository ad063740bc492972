import Glibc
import Kernel

/// An open directory. Names are taken relative to it and links are never followed, so nothing leads out of
/// the store.
final class Folder: Sendable {
    private let descriptor: FileDescriptor

    private init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    /// Opens the folder at `path`, making it and those above it as needed.
    convenience init(makingPath path: String) throws(FileError) {
        var made = path.hasPrefix("/") ? "" : "."
        for component in path.split(separator: "/") {
            made += "/" + component
            do { try calling("mkdir") { mkdir(made, 0o750) } } catch let error where error.code == EEXIST {}
        }
        let number = try calling("open") { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        self.init(FileDescriptor(owning: number))
    }

    /// The folder `name`; nil if there is none, or something else bears the name.
    func folder(_ name: String) throws(FileError) -> Folder? {
        do {
            return Folder(try opening(name, O_RDONLY | O_DIRECTORY))
        } catch let error where error.code == ENOENT || error.code == ENOTDIR || error.code == ELOOP {
            return nil
        }
    }

    /// The folder `name`, made durably if it was absent.
    func makingFolder(_ name: String) throws(FileError) -> Folder {
        do {
            try calling("mkdirat") { mkdirat(descriptor.number, name, 0o750) }
            try sync()
        } catch let error where error.code == EEXIST {}
        return Folder(try opening(name, O_RDONLY | O_DIRECTORY))
    }

    /// The file `name` to be read; nil if absent.
    func file(_ name: String) throws(FileError) -> FileDescriptor? {
        do { return try opening(name, O_RDONLY) } catch let error where error.code == ENOENT { return nil }
    }

    /// A new file.
    func newFile(_ name: String) throws(FileError) -> FileDescriptor {
        try opening(name, O_RDWR | O_CREAT | O_EXCL)
    }

    /// The file `name`, made empty if absent.
    func makingFile(_ name: String) throws(FileError) -> FileDescriptor {
        try opening(name, O_RDWR | O_CREAT)
    }

    private func opening(_ name: String, _ flags: Int32) throws(FileError) -> FileDescriptor {
        let number = try calling("openat") {
            openat(descriptor.number, name, flags | O_CLOEXEC | O_NOFOLLOW, 0o640)
        }
        return FileDescriptor(owning: number)
    }

    /// Replaces what bears the new name.
    func move(_ name: String, to other: Folder, as newName: String) throws(FileError) {
        try calling("renameat") { renameat(descriptor.number, name, other.descriptor.number, newName) }
    }

    func link(_ name: String, to other: Folder, as newName: String) throws(FileError) {
        try calling("linkat") { linkat(descriptor.number, name, other.descriptor.number, newName, 0) }
    }

    /// Gives the file a second name outside the store; a file of that name is replaced.
    func link(_ name: String, toPath path: String) throws(FileError) {
        try Self.remove(path: path)
        try calling("linkat") { linkat(descriptor.number, name, AT_FDCWD, path, 0) }
    }

    /// Gives a file from outside a second name in here.
    func link(path: String, as name: String) throws(FileError) {
        try calling("linkat") { linkat(AT_FDCWD, path, descriptor.number, name, 0) }
    }

    /// True if it was there.
    @discardableResult
    func remove(_ name: String) throws(FileError) -> Bool {
        do {
            try calling("unlinkat") { unlinkat(descriptor.number, name, 0) }
            return true
        } catch let error where error.code == ENOENT {
            return false
        }
    }

    /// False if it is not empty; an absent one counts as removed.
    @discardableResult
    func removeFolder(_ name: String) throws(FileError) -> Bool {
        do {
            try calling("unlinkat") { unlinkat(descriptor.number, name, AT_REMOVEDIR) }
            return true
        } catch let error where error.code == ENOENT {
            return true
        } catch let error where error.code == ENOTEMPTY || error.code == EEXIST {
            return false
        }
    }

    /// Names made, moved and removed in it are on the disk when this returns.
    func sync() throws(FileError) { try descriptor.sync() }

    /// Bytes that may still be written to its filesystem.
    func freeBytes() throws(FileError) -> Int64 {
        var status = statvfs()
        try calling("fstatvfs") { fstatvfs(descriptor.number, &status) }
        return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    /// Seconds since 1970 at which it or a name in it last changed.
    func changed() throws(FileError) -> Int64 { Int64(try descriptor.status().st_ctim.tv_sec) }

    /// Calls `body` with every name in it, in no order; names removed meanwhile may still come.
    func forEachName(_ body: (String) throws -> Void) throws {
        // A descriptor of its own, because reading a directory moves the position of the one it reads.
        let number = try calling("openat") {
            openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard let stream = fdopendir(number) else {
            close(number)
            throw FileError(call: "fdopendir", code: errno)
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { try body(name) }
        }
        if errno != 0 { throw FileError(call: "readdir", code: errno) }
    }
}

/// Files outside the store.
extension Folder {
    /// Absent is fine.
    static func remove(path: String) throws(FileError) {
        do { try calling("unlink") { unlink(path) } } catch let error where error.code == ENOENT {}
    }

    /// An empty file in place of what was there.
    static func newFile(path: String) throws(FileError) -> FileDescriptor {
        try remove(path: path)
        return try FileDescriptor(path: path, flags: O_RDWR | O_CREAT | O_EXCL)
    }
}
