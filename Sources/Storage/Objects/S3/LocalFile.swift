import Glibc
import Kernel
import NIOCore
import NIOPosix

/// Threads for calls that block on local files, so that Swift's own never do.
final class FileThreads: Sendable {
    private let threads: NIOThreadPool

    init(_ count: Int) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    deinit { threads.shutdownGracefully { _ in } }

    /// Runs `work`, whatever becomes of the task that waits.
    func run<Result: Sendable>(
        _ work: @escaping @Sendable () throws -> Result
    ) async throws(Failure) -> Result {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                threads.submit { state in
                    guard case .active = state else {
                        return continuation.resume(throwing: Failure.unavailable("The object store"))
                    }
                    continuation.resume(with: Swift.Result(catching: work))
                }
            }
        } catch {
            throw .wrapping(error)
        }
    }
}

/// An open local file, read and written at offsets; closed with the last reference.
final class LocalFile: Sendable {
    static let chunkBytes = 128 << 10

    let path: String
    private let descriptor: Int32
    private let threads: FileThreads

    /// `not_a_file` unless it is a regular file; `internal` if it cannot be opened.
    static func reading(_ path: String, on threads: FileThreads) async throws(Failure) -> LocalFile {
        try await threads.run {
            let file = LocalFile(path, try called("open") { open(path, O_RDONLY | O_CLOEXEC) }, threads)
            guard try file.status().st_mode & S_IFMT == S_IFREG else {
                throw Failure.invalid("path", "not_a_file", "This is not a file.")
            }
            return file
        }
    }

    /// A new file; there must be none of this name.
    static func making(_ path: String, on threads: FileThreads) async throws(Failure) -> LocalFile {
        try await threads.run {
            let descriptor = try called("open") { open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
            return LocalFile(path, descriptor, threads)
        }
    }

    private init(_ path: String, _ descriptor: Int32, _ threads: FileThreads) {
        self.path = path
        self.descriptor = descriptor
        self.threads = threads
    }

    deinit { close(descriptor) }

    private func status() throws(Failure) -> stat {
        var status = stat()
        try called("fstat") { fstat(descriptor, &status) }
        return status
    }

    func size() async throws(Failure) -> Int64 { try await threads.run { Int64(try self.status().st_size) } }

    /// At most `count` bytes; none at the end.
    func read(_ count: Int, at offset: Int64) async throws(Failure) -> ByteBuffer {
        try await threads.run { try self.readNow(count, at: offset) }
    }

    private func readNow(_ count: Int, at offset: Int64) throws -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            try called("pread") { pread(self.descriptor, bytes.baseAddress, count, off_t(offset)) }
        }
        return buffer
    }

    func write(_ buffer: ByteBuffer, at offset: Int64) async throws(Failure) {
        try await threads.run {
            var (rest, offset) = (buffer, offset)
            while rest.readableBytes > 0 {
                let written = try rest.withUnsafeReadableBytes { bytes in
                    try called("pwrite") {
                        pwrite(self.descriptor, bytes.baseAddress, bytes.count, off_t(offset))
                    }
                }
                rest.moveReaderIndex(forwardBy: written)
                offset += Int64(written)
            }
        }
    }

    /// Hands the bytes of `range` to `take` on the file's threads. `part_mismatch` if the file is shorter.
    func forEachChunk<State: Sendable>(
        of range: Range<Int64>, into state: State,
        _ take: @escaping @Sendable (inout State, ByteBuffer) -> Void
    ) async throws(Failure) -> State {
        var (state, position) = (state, range.lowerBound)
        while position < range.upperBound {
            if Task.isCancelled { throw .wrapping(CancellationError()) }
            // A few megabytes per hop: cheap enough, and one large file does not keep a thread from the others.
            let (before, hop) = (state, position..<min(range.upperBound, position + 4 << 20))
            state = try await threads.run { try self.takeNow(hop, before, take) }
            position = hop.upperBound
        }
        return state
    }

    private func takeNow<State>(
        _ range: Range<Int64>, _ state: State, _ take: (inout State, ByteBuffer) -> Void
    ) throws -> State {
        var (state, position) = (state, range.lowerBound)
        while position < range.upperBound {
            let chunk = try readNow(
                Int(min(Int64(Self.chunkBytes), range.upperBound - position)), at: position)
            guard chunk.readableBytes > 0 else {
                throw Failure.partMismatch("The file became shorter while it was read.")
            }
            take(&state, chunk)
            position += Int64(chunk.readableBytes)
        }
        return state
    }

    func digest(of range: Range<Int64>) async throws(Failure) -> PayloadDigest {
        try await forEachChunk(of: range, into: PayloadHashes()) { $0.update($1.readableBytesView) }
            .finalize()
    }

    /// Takes the name `path`, which it replaces.
    func move(to path: String) async throws(Failure) {
        try await threads.run { _ = try called("rename") { rename(self.path, path) } }
    }

    func remove() async throws(Failure) {
        try await threads.run { _ = try called("unlink") { unlink(self.path) } }
    }
}

/// A part of a file as a body; a chunk is read when it is asked for.
struct LocalFileBody: AsyncSequence, Sendable {
    typealias Failure = any Error

    let file: LocalFile
    let range: Range<Int64>

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: LocalFile
        var rest: Range<Int64>

        mutating func next() async throws -> ByteBuffer? {
            guard !rest.isEmpty else { return nil }
            let count = Int(Swift.min(Int64(LocalFile.chunkBytes), rest.upperBound - rest.lowerBound))
            let chunk = try await file.read(count, at: rest.lowerBound)
            guard chunk.readableBytes > 0 else {
                throw Kernel.Failure.partMismatch("The file became shorter while it was sent.")
            }
            rest = rest.lowerBound + Int64(chunk.readableBytes)..<rest.upperBound
            return chunk
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: file, rest: range) }
}

/// A system call that failed.
struct LocalFileError: Error, CustomStringConvertible {
    let call: String
    let code: Int32

    var description: String { "\(call): \(String(cString: strerror(code)))" }
}

extension Failure {
    static func partMismatch(_ detail: String, cause: (any Error)? = nil) -> Failure {
        Failure(.conflict, "part_mismatch", detail, cause: cause)
    }
}

@discardableResult
private func called<Result: SignedInteger>(_ name: String, _ call: () -> Result) throws(Failure) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        let error = LocalFileError(call: name, code: errno)
        switch error.code {
        case EINTR: continue
        case ENOSPC, EDQUOT:
            throw Failure(.unavailable, "disk_full", "There is no space left to store this.", cause: error)
        case EMFILE, ENFILE:
            throw Failure(.overloaded, "overloaded", "Too many files are open.", cause: error)
        default: throw .wrapping(error)
        }
    }
}
