import Kernel
import NIOCore

/// A part of a file as a body: a chunk is read when it is asked for.
///
/// The file stays open, and its permit taken, until the body and its iterators are gone, iterated or not.
struct FileBody: AsyncSequence, Sendable {
    typealias Failure = any Error

    /// Closes the file on the disk's threads, since closing the last name of a large file takes long.
    fileprivate final class Source: Sendable {
        let file: FileDescriptor
        let pool: DiskPool
        private let permit: TransferLimit.Permit?

        init(_ file: FileDescriptor, _ pool: DiskPool, _ permit: TransferLimit.Permit?) {
            self.file = file
            self.pool = pool
            self.permit = permit
        }

        deinit {
            let file = file
            pool.later { withExtendedLifetime(file) {} }
        }
    }

    static let chunkBytes = 128 << 10

    private let source: Source
    private let range: Range<Int64>

    init(_ file: FileDescriptor, range: Range<Int64>, pool: DiskPool, permit: TransferLimit.Permit?) {
        source = Source(file, pool, permit)
        self.range = range
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let source: Source
        fileprivate var rest: Range<Int64>

        mutating func next() async throws -> ByteBuffer? {
            guard !rest.isEmpty else { return nil }
            if Task.isCancelled { throw Kernel.Failure.wrapping(CancellationError()) }
            let (file, start) = (source.file, rest.lowerBound)
            let count = Int(Swift.min(Int64(FileBody.chunkBytes), rest.upperBound - start))
            let chunk = try await source.pool.run { try FileBody.read(file, count, at: start) }
            // The size was right when it was opened, so somebody cut the file from outside.
            guard chunk.readableBytes > 0 else { throw Kernel.Failure.objectDamaged("being read") }
            rest = start + Int64(chunk.readableBytes)..<rest.upperBound
            return chunk
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source, rest: range) }

    private static func read(_ file: FileDescriptor, _ count: Int, at offset: Int64) throws -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), at: offset)
        }
        return buffer
    }
}
