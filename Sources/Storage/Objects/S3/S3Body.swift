import AsyncHTTPClient
import Kernel
import NIOCore
import NIOHTTP1
import Synchronization

/// The bytes of an object as they come from the store.
///
/// When the connection breaks, or was closed because the reader rested for too long, reading goes on behind what was
/// read. If the object was replaced meanwhile that ends in `unavailable`: never in a mixture.
struct S3Body: AsyncSequence, Sendable {
    typealias Failure = any Error

    final class Source: Sendable {
        let client: S3Client
        /// The whole key.
        let key: String
        let etag: String
        let range: Range<Int64>
        private let first: Mutex<(S3Client.Download, served: Range<Int64>)?>

        /// `first` is the answer that `headers` are of, where there is one.
        init(
            _ client: S3Client, _ key: String, _ headers: ObjectHeaders, range: Range<Int64>,
            first: S3Client.Download? = nil
        ) {
            self.client = client
            self.key = key
            self.etag = headers.stat.etag
            self.range = range
            self.first = Mutex(first.map { ($0, headers.served) })
        }

        /// The bytes from `position` on, and how many of them come before it.
        fileprivate func open(at position: Int64) async throws(Kernel.Failure) -> (
            S3Client.Download, skip: Int64
        ) {
            if position == range.lowerBound,
                let (download, served) = first.withLock({ first in
                    defer { first = nil }
                    return first
                })
            {
                return (download, position - served.lowerBound)
            }
            var request = S3Request(method: .GET, key: key)
            request.headers = [("Range", "bytes=\(position)-\(range.upperBound - 1)")]
            let download = try await client.open(request)
            let headers = try ObjectHeaders(download.headers)
            guard headers.stat.etag == etag, headers.served.contains(position) else {
                throw .unavailable("The object store", cause: Replaced())
            }
            return (download, position - headers.served.lowerBound)
        }
    }

    struct Replaced: Error, CustomStringConvertible {
        var description: String { "the object was replaced while it was read" }
    }

    struct CutShort: Error, CustomStringConvertible {
        var description: String { "the answer ended before its length" }
    }

    private let source: Source

    init(_ source: Source) { self.source = source }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source) }

    struct AsyncIterator: AsyncIteratorProtocol {
        private let source: Source
        private var position: Int64
        private var download: S3Client.Download?
        private var chunks: HTTPClientResponse.Body.AsyncIterator?
        private var skip: Int64 = 0
        /// Connections in a row that brought nothing.
        private var fruitless = 0

        fileprivate init(_ source: Source) {
            self.source = source
            position = source.range.lowerBound
        }

        mutating func next() async throws -> ByteBuffer? {
            while position < source.range.upperBound {
                do {
                    if let chunk = try await nextOfConnection() { return chunk }
                } catch {
                    let failure = S3Client.failure(error)
                    (chunks, download) = (nil, nil)
                    guard failure.isTransient, !(failure.cause is Replaced),
                        fruitless < source.client.attempts
                    else { throw failure }
                    fruitless += 1
                    try await source.client.pause(afterAttempt: fruitless)
                }
            }
            // Takes the end of the answer too, so that the connection can serve again; the bytes are all there.
            _ = try? await chunks?.next(isolation: #isolation)
            (chunks, download) = (nil, nil)
            return nil
        }

        /// Nil for a chunk that lies wholly before the position.
        private mutating func nextOfConnection() async throws -> ByteBuffer? {
            if chunks == nil {
                let (download, skip) = try await source.open(at: position)
                self.download = download
                self.skip = skip
                chunks = download.body.makeAsyncIterator()
            }
            guard var chunk = try await chunks?.next(isolation: #isolation) else {
                throw Kernel.Failure.unavailable("The object store", cause: CutShort())
            }
            let skipped = Int(Swift.min(skip, Int64(chunk.readableBytes)))
            chunk.moveReaderIndex(forwardBy: skipped)
            skip -= Int64(skipped)
            let rest = source.range.upperBound - position
            guard chunk.readableBytes > 0,
                let part = chunk.readSlice(length: Int(Swift.min(rest, Int64(chunk.readableBytes))))
            else { return nil }
            position += Int64(part.readableBytes)
            fruitless = 0
            return part
        }
    }
}
