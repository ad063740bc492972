import Foundation

/// What a thread sleeps on: its sockets, by their place, and its inbox.
struct BareWatch {
    private var watched: [pollfd]

    /// Milliseconds.
    private static let patience: Int32 = 10_000

    init(sockets: [Int32], inbox: Int32) {
        watched = (sockets + [inbox]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }

    /// Sleeping ends also when that socket takes more, if something is left to be sent.
    mutating func listen(to socket: Int, hasUnsent: Bool) {
        watched[socket].events = Int16(hasUnsent ? POLLIN | POLLOUT : POLLIN)
    }

    /// Sleeps until something can be done; fails when an answer is due for ten seconds.
    mutating func sleep(isOwed: Bool) throws {
        let count = nfds_t(watched.count)
        let ready = poll(&watched, count, Self.patience)
        if ready > 0 { return }
        guard ready == 0 || errno == EINTR else {
            throw RunFailure("poll: \(String(cString: strerror(errno)))")
        }
        guard ready < 0 || !isOwed else { throw RunFailure("a server gave no answer for ten seconds") }
        for place in watched.indices { watched[place].revents = 0 }
    }

    /// There is something to read, be it the connection's end.
    func canRead(_ socket: Int) -> Bool { watched[socket].revents & ~Int16(POLLOUT) != 0 }

    /// Tasks have asked, or the inbox was closed.
    var isAsked: Bool { canRead(watched.count - 1) }
}
