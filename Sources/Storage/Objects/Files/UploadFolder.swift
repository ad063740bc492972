import Crypto
import Glibc
import Kernel

/// An open upload on disk: `manifest`, `bytes` (one sparse file for all parts), and `part-<n>`, the marker of
/// a part.
///
/// Who receives a part holds a shared lock on the manifest and an exclusive one on the marker; who completes
/// holds the manifest exclusively. So bytes never change once they are an object. A marker has its part's
/// ETag if, and only if, the part's bytes are durable.
final class UploadFolder: Sendable {
    static let bytesName = "bytes"
    private static let manifestName = "manifest"

    let upload: MultipartUpload
    let folder: Folder
    private let manifest: FileDescriptor

    private init(_ upload: MultipartUpload, _ folder: Folder, _ manifest: FileDescriptor) {
        self.upload = upload
        self.folder = folder
        self.manifest = manifest
    }

    /// The upload `id`, if it is open.
    convenience init?(id: String, in uploads: Folder) throws {
        guard ObjectKey.isComponent(id), let folder = try uploads.folder(id),
            let manifest = try folder.file(Self.manifestName)
        else { return nil }
        self.init(try JSON.decode(MultipartUpload.self, manifest.contents()), folder, manifest)
    }

    /// Opens an upload, durably. `upload_differs` if another one has the id.
    static func begin(_ upload: MultipartUpload, in uploads: Folder, staging: Folder, pool: DiskPool) throws {
        let staged = try StagedFile(in: staging, pool: pool)
        try staged.file.write(try JSON.encode(upload))
        try staged.file.sync()
        let folder = try uploads.makingFolder(upload.id)
        // Not renamed, lest a second caller take the manifest from under those who hold its lock.
        let isNew = try staged.claim(manifestName, in: folder)
        // Also behind another's claim, which may not have come so far.
        try folder.sync()
        guard try isNew || UploadFolder(id: upload.id, in: uploads)?.upload == upload else {
            throw Failure.conflict("upload_differs", "Another upload has this id.")
        }
    }

    /// Makes it vanish at once; its bytes are freed when nobody has them open.
    static func remove(id: String, in uploads: Folder, staging: Folder) throws {
        let name = UUIDv7().description
        do { try uploads.move(id, to: staging, as: name) } catch let error where error.code == ENOENT {
            return
        }
        // First, so that whoever is receiving a part learns of it.
        try staging.folder(name)?.remove(manifestName)
        try uploads.sync()
        try staging.removeTree(name)
    }

    /// Keeps parts out (exclusive), or completion (shared), until this is released. False if it would have to
    /// wait.
    func lock(_ kind: FileDescriptor.Lock) throws -> Bool { try manifest.lock(kind, waits: false) }
    func unlock() { manifest.unlock() }

    /// False once it was completed or aborted.
    func isOpen() throws -> Bool { try manifest.status().st_nlink > 0 }

    static func markerName(_ number: Int) -> String { "part-\(number)" }

    /// The part if it is durable. A torn marker cannot be decoded, and is none.
    func part(_ number: Int) throws -> UploadedPart? {
        guard let bytes = try folder.file(Self.markerName(number))?.contents(),
            let part = try? JSON.decode(UploadedPart.self, bytes),
            part.number == number, part.bytes == upload.length(ofPart: number)
        else { return nil }
        return part
    }

    func parts() throws -> [UploadedPart] { try (1...upload.partCount).compactMap { try part($0) } }

    /// Makes the bytes durable once more and gives their ETag: a hash of the parts' ETags and their number.
    func seal(_ parts: [UploadedPart]) throws -> String {
        let bytes = try folder.makingFile(Self.bytesName)
        if try bytes.size() != upload.bytes { try bytes.setSize(upload.bytes) }
        try bytes.sync()
        var hash = SHA256()
        for part in parts { hash.update(data: Array(part.etag.utf8)) }
        return hash.finalize().hexadecimal + "-\(parts.count)"
    }
}

extension Folder {
    /// Removes a folder with all files in it; it holds no further folders. Absent is fine.
    func removeTree(_ name: String) throws {
        while let inner = try folder(name) {
            try inner.forEachName { try inner.remove($0) }
            if try removeFolder(name) { return }
        }
    }
}
