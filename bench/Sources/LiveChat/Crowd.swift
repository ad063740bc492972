import CEpoll
import Foundation

/// Sockets of one room on one thread: listeners, all of which must get each message once and in order, and senders.
///
/// Blocks: for a thread of its own.
// Used by one thread at a time, whoever starts them waits for each before the next.
final class Crowd: @unchecked Sendable {
    private var lines: [ChatLine] = []
    private(set) var listeners = 0
    private var senders: [Int] = []
    private var last: Int64?
    private let watch: Int32
    private var ready = [UInt32](repeating: 0, count: 512)
    private var buffer = [UInt8](repeating: 0, count: 256 * 1_024)
    private var posted = 0
    private let run = UUID().uuidString
    private var room = ""
    var ledger = DeliveryLedger(sockets: 0, last: 0)
    /// Of frames with messages, for whoever makes some as long.
    private(set) var messageBytes = 0

    static let body = String(repeating: "x", count: 100)
    private static let together = 50

    init() throws {
        watch = cepoll_make()
        guard watch >= 0 else { throw RunFailure("no epoll") }
    }

    deinit {
        for line in lines { line.close() }
        close(watch)
    }

    // MARK: - Connections

    /// Listeners come before senders.
    func addListeners(_ count: Int, to place: ChatPlace) throws {
        for start in stride(from: 0, to: count, by: Self.together) {
            for seq in try add(min(Self.together, count - start), to: place, listens: true) {
                guard seq == last ?? seq else { throw RunFailure("somebody else speaks in the room") }
                last = seq
            }
        }
        listeners += count
        ledger = DeliveryLedger(sockets: listeners, last: last ?? 0)
        posted = 0
    }

    func addSenders(_ count: Int, to place: ChatPlace) throws {
        senders += lines.count..<(lines.count + count)
        room = place.room
        _ = try add(count, to: place, listens: false)
    }

    private func add(_ count: Int, to place: ChatPlace, listens: Bool) throws -> [Int64] {
        var fresh: [ChatLine] = []
        do {
            for _ in 0..<count { fresh.append(try ChatLine(port: place.port)) }
            for line in fresh { try line.greet(place, listens: listens) }
            let lasts = try fresh.indices.map { try fresh[$0].awaitWelcome() }
            for line in fresh { try adopt(line) }
            return lasts
        } catch {
            // Those that were adopted are closed with the rest.
            for line in fresh where !lines.contains(where: { $0.descriptor == line.descriptor }) {
                line.close()
            }
            throw error
        }
    }

    private func adopt(_ line: ChatLine) throws {
        line.stopBlocking()
        guard cepoll_add(watch, line.descriptor, UInt32(lines.count)) == 0 else {
            throw RunFailure("no watch: \(String(cString: strerror(errno)))")
        }
        lines.append(line)
    }

    // MARK: - Sending and receiving

    /// By the senders in turn.
    func post() throws {
        guard !senders.isEmpty else { throw RunFailure("nobody sends") }
        let json =
            #"{"type":"send","roomId":"\#(room)","clientId":"\#(run)-\#(posted)","body":"\#(Self.body)"}"#
        try lines[senders[posted % senders.count]].send(ChatLine.frame(0x1, json))
        posted += 1
    }

    /// Waits for at most so long, then takes what has come. `take` gets the place of a message and when it came.
    func turn(within nanoseconds: Int64, _ take: (Int, UInt64) -> Void = { _, _ in }) throws {
        let count = cepoll_wait(watch, &ready, Int32(ready.count), max(0, nanoseconds))
        guard count >= 0 || errno == EINTR else {
            throw RunFailure("epoll: \(String(cString: strerror(errno)))")
        }
        for index in 0..<max(0, Int(count)) { try receive(Int(ready[index]), take) }
    }

    private func receive(_ index: Int, _ take: (Int, UInt64) -> Void) throws {
        let count = recv(lines[index].descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { throw RunFailure("connection \(index) has ended") }
        let now = DispatchTime.now().uptimeNanoseconds
        var mustAnswer = false
        try buffer.withUnsafeBytes { bytes in
            try lines[index].reader.read(UnsafeRawBufferPointer(rebasing: bytes[..<count])) {
                opcode, payload in
                switch opcode {
                case FrameReader.text:
                    switch ChatWord(payload) {
                    case .message(let seq):
                        messageBytes = payload.count
                        take(try ledger.take(seq, by: index), now)
                    case .alarm(let text): throw RunFailure("connection \(index) was told: \(text)")
                    case .welcome, .other: break
                    }
                case FrameReader.ping: mustAnswer = true
                case FrameReader.close: throw ChatLine.closed(payload)
                default: break
                }
            }
        }
        if mustAnswer { try lines[index].send(ChatLine.frame(0xA, "")) }
    }

    /// Takes what comes for so long.
    func linger(_ duration: Duration) throws {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end { try turn(within: 10_000_000) }
    }

    /// Until all have all that was posted; then a moment more, for what should not come.
    func settle() throws {
        let end = ContinuousClock.now + .seconds(60)
        while ledger.completed < posted {
            guard ContinuousClock.now < end else {
                throw RunFailure("\(ledger.missing(of: posted)) deliveries never came")
            }
            try turn(within: 10_000_000)
        }
        try linger(.milliseconds(200))
    }

    var underWay: Int { posted - ledger.completed }
    var postedCount: Int { posted }
}
