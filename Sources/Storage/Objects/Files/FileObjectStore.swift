import Glibc
package import Kernel

/// Objects as files below one folder, for one machine; several processes may share it.
///
/// Below the root: `objects/` (see `ObjectTree`), `uploads/` (see `UploadFolder`), `tmp/` for files in the
/// making, and `locks/`. All of it on one filesystem with hard links and `flock`.
package final class FileObjectStore: Sendable {
    package struct Configuration: Sendable {
        /// Made if absent.
        package let root: String
        /// At least 16 bytes; the same in every process that serves this root.
        package let signingKey: [UInt8]
        /// Bodies being written or read at once; beyond it calls are `overloaded`.
        package let maximumTransfers: Int
        /// Writing is refused as `disk_full` when the filesystem would be left with less.
        package let minimumFreeBytes: Int64
        /// Calls that may block on the disk at once.
        package let threads: Int

        package init(
            root: String, signingKey: [UInt8], maximumTransfers: Int, minimumFreeBytes: Int64,
            threads: Int = 8
        ) {
            self.root = root
            self.signingKey = signingKey
            self.maximumTransfers = maximumTransfers
            self.minimumFreeBytes = minimumFreeBytes
            self.threads = threads
        }
    }

    let pool: DiskPool
    let tree: ObjectTree
    let staging: Folder
    let uploads: Folder
    let transfers: TransferLimit
    let signer: URLSigner
    let now: @Sendable () -> Timestamp
    private let minimumFreeBytes: Int64

    /// Opens the store, making its folders and removing what crashes left in `tmp/`. Blocks.
    package init(
        _ configuration: Configuration, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws(Failure) {
        guard configuration.signingKey.count >= 16 else {
            throw .invalid("signingKey", "too_short", "The signing key needs at least 16 bytes.")
        }
        guard configuration.maximumTransfers > 0, configuration.threads > 0 else {
            throw .invalid(
                "maximumTransfers", "out_of_range", "An object store needs a transfer and a thread.")
        }
        do {
            let root = try Folder(makingPath: configuration.root)
            staging = try root.makingFolder("tmp")
            uploads = try root.makingFolder("uploads")
            pool = DiskPool(threads: configuration.threads)
            tree = ObjectTree(
                objects: try root.makingFolder("objects"), staging: staging,
                locks: try root.makingFolder("locks"), pool: pool)
            try Self.sweep(staging, at: now())
        } catch {
            throw .ofStore(error)
        }
        transfers = TransferLimit(configuration.maximumTransfers)
        signer = URLSigner(key: configuration.signingKey)
        minimumFreeBytes = configuration.minimumFreeBytes
        self.now = now
    }

    /// `disk_full` if `bytes` more would leave too little.
    func requireSpace(for bytes: Int64) throws {
        let free = try staging.freeBytes()
        guard bytes <= free, free - bytes >= minimumFreeBytes else { throw Failure.diskFull() }
    }

    /// Content types are kept in records, which are small.
    static func require(contentType: String) throws(Failure) {
        guard contentType.utf8.count <= 255 else {
            throw .invalid("contentType", "too_long", "A content type has at most 255 bytes.")
        }
    }

    /// Removes files in the making that nobody has locked and nothing has touched for an hour: another
    /// process may have made one this moment.
    private static func sweep(_ staging: Folder, at time: Timestamp) throws {
        let limit = time.unixSeconds - 3600
        try staging.forEachName { name in
            if let folder = try staging.folder(name) {
                if try folder.changed() < limit { try staging.removeTree(name) }
                return
            }
            // What cannot be opened is not the store's own, and none of its business.
            guard let file = try? staging.file(name), Int64(try file.status().st_ctim.tv_sec) < limit else {
                return
            }
            if try file.lock(.exclusive, waits: false) { try staging.remove(name) }
        }
    }
}
