import Kernel
private import NIOCore

/// The playlist that offers the qualities of a video, as text.
package enum MasterPlaylist {
    /// More is no playlist of ours.
    private static let maximumBytes = 64 << 10
    private static let mark = "#EXT-X-STREAM-INF:"

    /// Without the quality that takes most, if there is another.
    package static func withoutTopRendition(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let offers = lines.indices.filter { lines[$0].hasPrefix(mark) }
        guard offers.count > 1, let top = offers.max(by: { bandwidth(lines[$0]) < bandwidth(lines[$1]) })
        else {
            return text
        }
        return lines.indices.filter { $0 != top && $0 != top + 1 }.map { String(lines[$0]) }.joined(
            separator: "\n")
    }

    static func withoutTopRendition(_ object: StoredObject) async throws -> StoredObject {
        var text = ByteBuffer()
        for try await piece in object.body {
            text.writeImmutableBuffer(piece)
            guard text.readableBytes <= maximumBytes else {
                throw Failure(
                    .internal, "playlist_too_large", "A master playlist is larger than any of ours.")
            }
        }
        let lighter = ByteBuffer(string: withoutTopRendition(String(buffer: text)))
        let stat = ObjectStat(
            bytes: Int64(lighter.readableBytes), etag: object.stat.etag + "-light",
            contentType: object.stat.contentType, modified: object.stat.modified)
        let body = AsyncStream<ByteBuffer> { stream in
            stream.yield(lighter)
            stream.finish()
        }
        return StoredObject(
            stat: stat, range: 0..<stat.bytes, body: ThrowingBody(base: body))
    }

    private static func bandwidth(_ line: Substring) -> Int {
        let value = line.firstMatch(of: /[:,]BANDWIDTH=(\d+)/)?.1
        return value.flatMap { Int($0) } ?? 0
    }
}

/// A body that cannot fail where one that may is asked for.
private struct ThrowingBody: AsyncSequence, Sendable {
    let base: AsyncStream<ByteBuffer>

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: AsyncStream<ByteBuffer>.Iterator

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> ByteBuffer? {
            await base.next(isolation: actor)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator()) }
}
