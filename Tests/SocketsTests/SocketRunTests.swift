import NIOCore
import Testing

@testable import Sockets

/// Entries in pieces.
@Suite struct SocketRunTests {
    private static func entry(_ seq: Int64, bytes: Int = 4) -> SocketEntry {
        SocketEntry(seq: seq, frame: ByteBuffer(repeating: UInt8(truncatingIfNeeded: seq), count: bytes))
    }

    private static func cut(_ entries: [SocketEntry], mostBytes: Int = 100) -> [[Int64]] {
        SocketRun.cut(entries, mostBytes: mostBytes).map { $0.entries.map(\.seq) }
    }

    @Test func `what follows each other is one piece, and its frames are in order`() throws {
        let entries = (5...9).map { Self.entry($0) }
        let run = try #require(SocketRun.cut(entries, mostBytes: 100).first)
        #expect(run.seqs == 5...9)
        #expect(run.frames == entries.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.frame) })
    }

    @Test func `pieces are no longer than allowed, but for an entry that is longer by itself`() {
        #expect(Self.cut((1...5).map { Self.entry($0) }, mostBytes: 8) == [[1, 2], [3, 4], [5]])
        #expect(
            Self.cut([Self.entry(1), Self.entry(2, bytes: 50), Self.entry(3)], mostBytes: 8)
                == [[1], [2], [3]])
    }

    @Test func `a hole ends a piece`() {
        #expect(Self.cut([Self.entry(1), Self.entry(2), Self.entry(4)]) == [[1, 2], [4]])
        #expect(Self.cut([]).isEmpty)
    }
}
