import Chat
import NIOCore

/// One room as one event loop sees it: its listeners there, and the last entries that passed by.
final class RoomSlot {
    private(set) var sockets: [ChatSocket] = []
    /// The newest entry that passed by.
    private(set) var last: Int64 = 0
    /// Without a hole, up to `last`.
    private var recent = CircularBuffer<SocketEntry>()
    private var recentBytes = 0

    func add(_ socket: ChatSocket) { sockets.append(socket) }

    func remove(_ socket: ChatSocket) {
        guard let index = sockets.lastIndex(where: { $0 === socket }) else { return }
        sockets.swapAt(index, sockets.count - 1)
        sockets.removeLast()
    }

    /// Entries up to `seq` have been told elsewhere, or were left out.
    func passed(_ seq: Int64) {
        guard seq > last else { return }
        last = seq
        recent.removeAll(keepingCapacity: true)
        recentBytes = 0
    }

    func keep(_ entry: SocketEntry, _ settings: SocketSettings) {
        guard entry.seq > last else { return }
        if entry.seq != last + 1 {
            recent.removeAll(keepingCapacity: true)
            recentBytes = 0
        }
        last = entry.seq
        recent.append(entry)
        recentBytes += entry.frame.readableBytes
        while recent.count > settings.recent || recentBytes > settings.recentBytes {
            guard let first = recent.popFirst() else { return }
            recentBytes -= first.frame.readableBytes
        }
    }

    /// All entries behind `seq`, if they are at hand.
    func entries(after seq: Int64) -> [SocketEntry]? {
        if seq >= last { return [] }
        guard let first = recent.first?.seq, seq + 1 >= first else { return nil }
        return Array(recent.dropFirst(Int(seq + 1 - first)))
    }
}
