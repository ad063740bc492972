import Kernel
import NIOCore

/// Cuts a body of a known length into parts, and holds one at most.
struct PartBuffer: Sendable {
    private let length: Int64
    private let partBytes: Int
    private var taken: Int64 = 0
    private var pending = ByteBuffer()

    init(length: Int64, partBytes: Int64) {
        self.length = length
        self.partBytes = Int(partBytes)
    }

    /// `part_mismatch` if the body is longer than was said.
    mutating func add(_ chunk: ByteBuffer) throws(Failure) {
        taken += Int64(chunk.readableBytes)
        guard taken <= length else { throw .partMismatch("The body has more than \(length) bytes.") }
        pending.discardReadBytes()
        pending.writeImmutableBuffer(chunk)
    }

    /// The next full part, if there is one.
    mutating func next() -> ByteBuffer? {
        pending.readableBytes >= partBytes ? pending.readSlice(length: partBytes) : nil
    }

    /// What is left at the end. `part_mismatch` if the body is shorter than was said.
    mutating func last() throws(Failure) -> ByteBuffer? {
        guard taken == length else { throw .partMismatch("The body has only \(taken) of \(length) bytes.") }
        return pending.readableBytes > 0 ? pending : nil
    }

    /// All of a body.
    static func whole(_ body: ObjectBody, length: Int64) async throws(Failure) -> ByteBuffer {
        var buffer = PartBuffer(length: length, partBytes: max(1, length))
        do {
            for try await chunk in body { try buffer.add(chunk) }
        } catch {
            throw failure(error)
        }
        // A cancelled body may just end.
        if Task.isCancelled { throw .wrapping(CancellationError()) }
        return try buffer.last() ?? ByteBuffer()
    }

    /// A body that breaks off is one that is too short.
    static func failure(_ error: any Error) -> Failure {
        if let failure = error as? Failure { return failure }
        if Task.isCancelled || error is CancellationError { return .wrapping(CancellationError()) }
        return .partMismatch("The body broke off.", cause: error)
    }
}
