private import Foundation
package import NIOCore

/// JSON of stored values, where clarity counts for more than speed; answers use `JSONWriter`.
package enum JSON {
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        [UInt8](try JSONEncoder.sorted.encode(value))
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: some Sequence<UInt8>) throws
        -> Value
    {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

/// A body that is in memory already.
package struct OneBuffer: AsyncSequence, Sendable {
    package typealias Failure = any Error
    private let buffer: ByteBuffer

    package init(bytes: [UInt8]) { buffer = ByteBuffer(bytes: bytes) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var buffer: ByteBuffer?

        package mutating func next() async throws -> ByteBuffer? {
            defer { buffer = nil }
            return buffer
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(buffer: buffer.readableBytes > 0 ? buffer : nil)
    }
}
