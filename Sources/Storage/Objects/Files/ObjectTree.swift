import Glibc
import Kernel

/// The objects on disk: folders by key, in them a record and one of two slots per object.
///
/// A write puts its bytes into the slot that is not in use, and then renames a new record into place: that
/// rename is the moment it exists. Bytes and folder are synced before the record, the record before the
/// answer; so a crash leaves the former object or the new one, never one without its record. What it may
/// leave is an unused slot, at most one a key, which the next write or removal of the key takes.
struct ObjectTree: Sendable {
    private static let stripes = 256

    let objects: Folder
    let staging: Folder
    let locks: Folder
    let pool: DiskPool

    /// Folder of the key's names; nil if there is none.
    private func folder(of key: ObjectKey) throws -> Folder? { try folder(key.folders) }

    func folder(_ path: [String]) throws -> Folder? {
        var folder = objects
        for name in path {
            guard let next = try folder.folder(name) else { return nil }
            folder = next
        }
        return folder
    }

    /// What the key's record says; nil if the object does not exist.
    func record(of key: ObjectKey) throws -> ObjectRecord? {
        guard let folder = try folder(of: key), let bytes = try recordBytes(key, in: folder) else {
            return nil
        }
        return try Self.decode(bytes, key)
    }

    /// The same for those who are about to write: to them a damaged record is as good as none.
    func intactRecord(of key: ObjectKey) throws -> ObjectRecord? {
        guard let folder = try folder(of: key) else { return nil }
        return try intactRecord(of: key, in: folder)
    }

    private func intactRecord(of key: ObjectKey, in folder: Folder) throws -> ObjectRecord? {
        // Undecodable is what "damaged" means here.
        try recordBytes(key, in: folder).flatMap { try? Self.decode($0, key) }
    }

    private func recordBytes(_ key: ObjectKey, in folder: Folder) throws -> [UInt8]? {
        try folder.file(key.record)?.contents()
    }

    private static func decode(_ bytes: [UInt8], _ key: ObjectKey) throws -> ObjectRecord {
        do {
            let record = try JSON.decode(ObjectRecord.self, bytes)
            guard record.slot == 0 || record.slot == 1, record.stat.bytes >= 0 else {
                throw Failure.objectDamaged(key.text)
            }
            return record
        } catch {
            throw Failure.objectDamaged(key.text, cause: error)
        }
    }

    /// The object's record and its bytes, opened; takes no lock.
    func open(_ key: ObjectKey) throws -> (record: ObjectRecord, file: FileDescriptor)? {
        for _ in 0..<100 {
            guard let folder = try folder(of: key), let bytes = try recordBytes(key, in: folder) else {
                return nil
            }
            let record = try Self.decode(bytes, key)
            let file = try folder.file(key.slot(record.slot))
            // Slots are used again, so the file is the record's only if the record is still there afterwards.
            guard try recordBytes(key, in: folder) == bytes else { continue }
            guard let file, try file.size() == record.stat.bytes else {
                throw Failure.objectDamaged(key.text)
            }
            return (record, file)
        }
        throw Failure(.overloaded, "overloaded", "The object is being replaced all the time.")
    }

    /// Runs `body` while no other process or thread writes or removes the key.
    func locked<Result>(_ key: ObjectKey, _ body: () throws -> Result) throws -> Result {
        let file = try locks.makingFile(String(key.stripe(of: Self.stripes)))
        _ = try file.lock(.exclusive, waits: true)
        return try withExtendedLifetime(file) { try body() }
    }

    /// Makes the object exist. `place` gives durable bytes the name it is told, which an empty file bears.
    func commit(
        _ key: ObjectKey, _ stat: ObjectStat, upload: String? = nil, place: (Folder, String) throws -> Void
    ) throws {
        try locked(key) {
            let (folder, slot) = try makingPlace(for: key)
            let staged: StagedFile
            do {
                let record = ObjectRecord(
                    stat: stat, slot: slot, revision: UUIDv7().description, upload: upload)
                staged = try StagedFile(in: staging, pool: pool)
                try staged.file.write(try JSON.encode(record))
                try staged.file.sync()
                try place(folder, key.slot(slot))
                try folder.sync()
            } catch {
                // The first error is the one to tell.
                _ = try? folder.remove(key.slot(slot))
                throw error
            }
            try staged.move(to: folder, as: key.record)
            try folder.sync()
            // Of no use any more; should it stay, the next write takes it.
            _ = try? folder.remove(key.slot(1 - slot))
        }
    }

    /// The key's folder and unused slot. The slot is made, since a folder with a name in it is not removed.
    private func makingPlace(for key: ObjectKey) throws -> (Folder, slot: Int) {
        var attempts = 0
        while true {
            attempts += 1
            do {
                let folder = try key.folders.reduce(objects) { try $0.makingFolder($1) }
                let slot = try intactRecord(of: key, in: folder)?.slot == 0 ? 1 : 0
                _ = try folder.makingFile(key.slot(slot))
                return (folder, slot)
            } catch let error as FileError where error.code == ENOENT && attempts < 100 {
                // A concurrent `delete` removed an empty folder on the way.
                continue
            }
        }
    }

    /// Gives the object a second name outside the store. False if that is another filesystem; `not_found` if
    /// absent.
    func link(_ key: ObjectKey, to path: String) throws -> Bool {
        try locked(key) {
            guard let folder = try folder(of: key), let bytes = try recordBytes(key, in: folder) else {
                throw Failure.notFound("object")
            }
            do {
                try folder.link(key.slot(try Self.decode(bytes, key).slot), toPath: path)
                return true
            } catch let error as FileError where Self.refusesLinks(error) {
                return false
            }
        }
    }

    /// Whether a copy can do what a link could not.
    static func refusesLinks(_ error: FileError) -> Bool {
        [EXDEV, EPERM, EMLINK, ENOTSUP, ENOSYS].contains(error.code)
    }
}
