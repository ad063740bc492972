import NIOCore

/// Entries that follow each other, with their frames in one piece for all who get each of them.
struct SocketRun {
    let entries: ArraySlice<SocketEntry>
    let seqs: ClosedRange<Int64>
    let frames: ByteBuffer

    /// Pieces of at most so many bytes, or of one entry. A hole between two entries ends a piece too.
    static func cut(_ entries: [SocketEntry], mostBytes: Int) -> [SocketRun] {
        var runs: [SocketRun] = []
        var (start, bytes) = (entries.startIndex, 0)
        for index in entries.indices {
            let size = entries[index].frame.readableBytes
            if index > start, bytes + size > mostBytes || entries[index].seq != entries[index - 1].seq + 1 {
                runs.append(SocketRun(entries[start..<index], bytes))
                (start, bytes) = (index, 0)
            }
            bytes += size
        }
        if start < entries.endIndex { runs.append(SocketRun(entries[start...], bytes)) }
        return runs
    }

    /// Of one or more, with so many bytes together.
    private init(_ entries: ArraySlice<SocketEntry>, _ bytes: Int) {
        self.entries = entries
        let first = entries[entries.startIndex]
        seqs = first.seq...entries[entries.endIndex - 1].seq
        guard entries.count > 1 else {
            frames = first.frame
            return
        }
        var frames = ByteBufferAllocator().buffer(capacity: bytes)
        for entry in entries { frames.writeImmutableBuffer(entry.frame) }
        self.frames = frames
    }
}
