import Crypto
import Kernel
import NIOCore
import Synchronization

/// Writes a body into a region of a file while hashing it, in batches, so that memory stays small.
final class FileWriter: Sendable {
    private struct State {
        var written: Int64 = 0
        var hash = SHA256()
    }

    /// Bytes gathered before a hop to the disk's threads.
    private static let batchBytes = 512 << 10
    /// The same for small buffers, each of which costs more than its bytes.
    private static let batchBuffers = 256

    private let file: FileDescriptor
    private let offset: Int64
    private let length: Int64
    private let pool: DiskPool
    private let state = Mutex(State())

    init(_ file: FileDescriptor, at offset: Int64 = 0, length: Int64, pool: DiskPool) {
        self.file = file
        self.offset = offset
        self.length = length
        self.pool = pool
    }

    /// SHA-256 in hexadecimal of what has been written.
    var etag: String { state.withLock { $0.hash.finalize().hexadecimal } }

    /// Writes `body`; not yet durable. `part_mismatch` unless it is `length` bytes, or if it breaks off.
    func receive(_ body: ObjectBody) async throws(Failure) {
        do {
            try await write(body)
        } catch let failure as Failure {
            throw failure
        } catch let error as CancellationError {
            throw .wrapping(error)
        } catch {
            throw .partMismatch("The bytes broke off before their end.", cause: error)
        }
    }

    private func write(_ body: ObjectBody) async throws {
        var batch: [ByteBuffer] = []
        var waiting = 0
        var received: Int64 = 0
        for try await buffer in body {
            received += Int64(buffer.readableBytes)
            guard received <= length else { throw mismatch }
            batch.append(buffer)
            waiting += buffer.readableBytes
            guard waiting >= Self.batchBytes || batch.count >= Self.batchBuffers else { continue }
            try await flush(&batch)
            waiting = 0
        }
        try await flush(&batch)
        // A cancelled body may just end.
        try Task.checkCancellation()
        guard received == length else { throw mismatch }
    }

    private var mismatch: Failure { .partMismatch("There must be exactly \(length) bytes.") }

    private func flush(_ batch: inout [ByteBuffer]) async throws {
        try Task.checkCancellation()
        guard !batch.isEmpty else { return }
        let buffers = batch
        batch.removeAll(keepingCapacity: true)
        try await pool.run { try self.append(buffers) }
    }

    private func append(_ buffers: [ByteBuffer]) throws {
        try state.withLock { state in
            for buffer in buffers {
                try buffer.withUnsafeReadableBytes { bytes in
                    try file.write(bytes, at: offset + state.written)
                    state.hash.update(bufferPointer: bytes)
                }
                state.written += Int64(buffer.readableBytes)
            }
        }
    }
}

extension Sequence<UInt8> {
    /// Lower case.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
