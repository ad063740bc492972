package import NIOCore

/// Frames that wait because their reader is slow; up to a bound.
package struct Outbox {
    private var frames = CircularBuffer<ByteBuffer>(initialCapacity: 8)
    package private(set) var bytes = 0

    package init() {}

    package var isEmpty: Bool { frames.isEmpty }
    package var count: Int { frames.count }

    package mutating func add(_ frame: ByteBuffer) {
        frames.append(frame)
        bytes += frame.readableBytes
    }

    package mutating func next() -> ByteBuffer? {
        guard let frame = frames.popFirst() else { return nil }
        bytes -= frame.readableBytes
        return frame
    }
}
