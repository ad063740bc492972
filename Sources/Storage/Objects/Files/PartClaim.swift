import Glibc
import Kernel

/// The right to write one part of an open upload; others get `part_busy` until it is released.
final class PartClaim: Sendable {
    let writer: FileWriter
    private let upload: UploadFolder
    private let number: Int
    private let bytes: FileDescriptor
    private let marker: FileDescriptor

    /// Claims the part and forgets what was received for it. `not_found`, `part_mismatch`, `part_busy`.
    init(_ number: Int, length: Int64, of upload: UploadFolder, pool: DiskPool) throws {
        guard (1...upload.upload.partCount).contains(number) else { throw Failure.notFound("part") }
        guard upload.upload.length(ofPart: number) == length else {
            throw Failure.partMismatch("This part has \(upload.upload.length(ofPart: number)) bytes.")
        }
        guard try upload.lock(.shared) else { throw Self.busy }
        guard try upload.isOpen() else { throw Failure.notFound("upload") }
        marker = try upload.folder.makingFile(UploadFolder.markerName(number))
        guard try marker.lock(.exclusive, waits: false) else { throw Self.busy }
        // Before the first byte is overwritten: a crash from here on leaves no marker for a mixture.
        if try marker.size() > 0 {
            try marker.setSize(0)
            try marker.sync()
        }
        bytes = try upload.folder.makingFile(UploadFolder.bytesName)
        let offset = upload.upload.partBytes * Int64(number - 1)
        writer = FileWriter(bytes, at: offset, length: length, pool: pool)
        self.upload = upload
        self.number = number
    }

    static var busy: Failure { .conflict("part_busy", "This part is being received already.") }

    /// Makes the part durable, then its marker, and ends the claim. `not_found` if the upload ended meanwhile.
    func finish(length: Int64) throws -> UploadedPart {
        // Not left to whoever holds the claim last: a client that is answered may send the part again at once.
        defer {
            marker.unlock()
            upload.unlock()
        }
        try bytes.syncBytes()
        guard try upload.isOpen() else { throw Failure.notFound("upload") }
        let part = UploadedPart(number: number, etag: writer.etag, bytes: length)
        try marker.write(try JSON.encode(part))
        try marker.sync()
        try upload.folder.sync()
        return part
    }
}
