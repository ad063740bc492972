import Crypto
import Kernel

/// The SHA-256 of a file that is already there.
enum FileHash {
    /// Read per hop, so that one large file does not keep a thread from the others.
    private static let hopBytes: Int64 = 8 << 20
    private static let chunkBytes = 256 << 10

    /// In hexadecimal, of the first `length` bytes. `part_mismatch` if there are fewer.
    static func etag(of file: FileDescriptor, length: Int64, pool: DiskPool) async throws -> String {
        var hash = SHA256()
        var position: Int64 = 0
        while position < length {
            if Task.isCancelled { throw Failure.wrapping(CancellationError()) }
            let (before, range) = (hash, position..<min(length, position + hopBytes))
            hash = try await pool.run { try adding(range, of: file, to: before) }
            position = range.upperBound
        }
        return hash.finalize().hexadecimal
    }

    private static func adding(
        _ range: Range<Int64>, of file: FileDescriptor, to hash: SHA256
    ) throws -> SHA256 {
        var hash = hash
        var position = range.lowerBound
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
        defer { buffer.deallocate() }
        while position < range.upperBound {
            let wanted = Int(min(Int64(chunkBytes), range.upperBound - position))
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: position)
            guard count > 0 else { throw Failure.partMismatch("The file became shorter while it was read.") }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            position += Int64(count)
        }
        return hash
    }
}
