import Glibc
import Kernel

/// A file in the making below `tmp/`: renamed into place, or removed when the last reference goes.
final class StagedFile: Sendable {
    let file: FileDescriptor
    let name: String
    private let folder: Folder
    private let pool: DiskPool

    /// A new, empty file, locked so that no sweep takes it for a leftover.
    init(in folder: Folder, pool: DiskPool) throws {
        name = UUIDv7().description
        file = try folder.newFile(name)
        self.folder = folder
        self.pool = pool
        _ = try file.lock(.exclusive, waits: false)
    }

    /// A second name for a regular file from outside, where the filesystem is the same.
    init(linking path: String, _ file: FileDescriptor, in folder: Folder, pool: DiskPool) throws {
        name = UUIDv7().description
        self.file = file
        self.folder = folder
        self.pool = pool
        try folder.link(path: path, as: name)
    }

    deinit {
        let (folder, name) = (folder, name)
        // Gone already where it was moved into place; a crash leaves it to the sweep.
        pool.later { _ = try? folder.remove(name) }
    }

    /// Takes the place of `newName`; durable after `other.sync()`.
    func move(to other: Folder, as newName: String) throws(FileError) {
        try folder.move(name, to: other, as: newName)
    }

    /// Takes the free name `newName`; false if it is taken.
    func claim(_ newName: String, in other: Folder) throws(FileError) -> Bool {
        do {
            try folder.link(name, to: other, as: newName)
            return true
        } catch let error where error.code == EEXIST {
            return false
        }
    }
}
