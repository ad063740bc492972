import Foundation

/// The least that answers `GET` of many tasks over one connection: one thread that sends together what was asked since
/// it looked last. It knows no deadline, cancellation, other commands or second server: what it loses to
/// `redis-benchmark -c 1 -P 64` is what tasks cost, and the thread that wakes them.
///
/// For one thread.
final class BareGets: BareClient {
    /// The value of the one key.
    typealias Inbox = BareInbox<Void, [UInt8]>

    /// As long as those of `redis-benchmark`.
    private static let key = "bench:bare:value", value = "xxx"
    private static let get = command(["GET", key])

    private let inbox: Inbox
    private let socket: BareSocket
    private var watch: BareWatch
    private let replies: BareReplies
    /// Asked for and not yet answered, in order.
    private var calls: [Inbox.Call] = []
    private var unsent: [UInt8] = []

    /// Connects and sets the value, which blocks. `redis://:password@127.0.0.1:port/0`.
    init(url: String, inbox: Inbox) throws {
        guard let parts = URLComponents(string: url), let port = parts.port else {
            throw RunFailure("this is no URL of Redis")
        }
        self.inbox = inbox
        socket = try BareSocket(port: port)
        replies = try BareReplies()
        watch = BareWatch(sockets: [socket.descriptor], inbox: inbox.descriptor)
        if let password = parts.password, !password.isEmpty { try ask(["AUTH", password]) }
        try ask(["SET", Self.key, Self.value])
    }

    private func ask(_ words: [String]) throws {
        var command = Self.command(words)
        try socket.send(&command)
        repeat { try socket.receive(into: replies) } while try replies.next() == nil
    }

    private static func command(_ words: [String]) -> [UInt8] {
        let parts = words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }
        return Array("*\(words.count)\r\n\(parts.joined())".utf8)
    }

    func turn() throws -> Bool {
        watch.listen(to: 0, hasUnsent: !unsent.isEmpty)
        try watch.sleep(isOwed: !calls.isEmpty)
        if watch.canRead(0) { try receive() }
        if watch.isAsked {
            let before = calls.count
            guard inbox.take(into: &calls) else { return false }
            for _ in before..<calls.count { unsent += Self.get }
        }
        try socket.send(&unsent)
        return true
    }

    private func receive() throws {
        try socket.receive(into: replies)
        var answered = 0
        defer { calls.removeFirst(answered) }
        while let value = try replies.next() {
            guard answered < calls.count else { throw RunFailure("Redis answered unasked") }
            calls[answered].continuation.resume(returning: value)
            answered += 1
        }
    }

    func abandon(_ reason: any Error) {
        for call in calls { call.continuation.resume(throwing: reason) }
        calls = []
    }
}
