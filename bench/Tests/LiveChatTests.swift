import NIOCore
import Testing

@testable import bench

/// What a crowd reads, and what it finds out.
@Suite struct CrowdTests {
    /// As a server sends it.
    private static func frame(_ opcode: UInt8, _ payload: String) -> [UInt8] {
        let bytes = Array(payload.utf8)
        let length: [UInt8] =
            bytes.count < 126
            ? [UInt8(bytes.count)] : [126, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)]
        return [0x80 | opcode] + length + bytes
    }

    private static func read(_ reader: inout FrameReader, _ bytes: [UInt8]) throws -> [String] {
        var found: [String] = []
        try bytes.withUnsafeBytes { bytes in
            try reader.read(bytes) { opcode, payload in
                found.append("\(opcode) \(String(decoding: payload, as: UTF8.self))")
            }
        }
        return found
    }

    @Test func `frames are read wherever the stream is cut`() throws {
        let long = String(repeating: "y", count: 300)
        let stream = Self.frame(1, "one") + Self.frame(9, "") + Self.frame(1, long) + Self.frame(8, "end")
        let expected = ["1 one", "9 ", "1 \(long)", "8 end"]
        for cut in 0...stream.count {
            var reader = FrameReader()
            let found =
                try Self.read(&reader, Array(stream[..<cut])) + Self.read(&reader, Array(stream[cut...]))
            #expect(found == expected, "cut at \(cut)")
        }
        var reader = FrameReader()
        #expect(try stream.flatMap { try Self.read(&reader, [$0]) } == expected)
    }

    @Test(
        arguments: [
            [0x81, 0x80, 0, 0, 0, 0], [0x01, 0x00], [0xC1, 0x00], [0x81, 127, 0, 0, 0, 0, 0x7F, 0, 0, 0],
            [0x81, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        ] as [[UInt8]])
    func `a frame that no server here sends is found out`(bytes: [UInt8]) {
        var reader = FrameReader()
        #expect(throws: RunFailure.self) { try Self.read(&reader, bytes) }
    }

    @Test func `frames of the chat are told apart`() {
        func word(_ text: String) -> ChatWord { Array(text.utf8).withUnsafeBytes { ChatWord($0) } }
        #expect(
            word(#"{"type":"message","roomId":"a","seq":412,"body":"\"seq\":7"}"#) == .message(seq: 412))
        #expect(word(#"{"type":"welcome","rooms":[{"id":"a","lastSeq":12}]}"#) == .welcome(lastSeq: 12))
        #expect(word(#"{"type":"welcome","rooms":[]}"#) == .welcome(lastSeq: nil))
        let gap = #"{"type":"gap","roomId":"a","fromSeq":3}"#
        #expect(word(gap) == .alarm(gap))
        #expect(word(#"{"type":"presence","roomId":"a","count":1}"#) == .other)
        #expect(word(#"{"type":"message"}"#) == .other)
        #expect(word("") == .other)
        #expect(word(#"{"type":""#) == .other)
    }

    @Test func `a message is complete when all have it`() throws {
        var ledger = DeliveryLedger(sockets: 2, last: 10)
        #expect(try ledger.take(11, by: 0) == 0)
        #expect(try ledger.take(12, by: 0) == 1)
        #expect(ledger.completed == 0)
        #expect(ledger.missing(of: 2) == 2)
        #expect(try ledger.take(11, by: 1) == 0)
        #expect(ledger.completed == 1)
        #expect(ledger.deliveries == 3)
    }

    @Test(arguments: [10, 11, 13] as [Int64])
    func `one that comes twice, too early or too late is found out`(seq: Int64) throws {
        var ledger = DeliveryLedger(sockets: 1, last: 10)
        _ = try ledger.take(11, by: 0)
        #expect(throws: RunFailure.self) { try ledger.take(seq, by: 0) }
    }

    @Test func `what a crowd sends the raw writer reads`() {
        var bytes = ByteBuffer(bytes: ChatLine.frame(1, "short"))
        let long = String(repeating: "z", count: 400)
        bytes.writeBytes(ChatLine.frame(1, long))
        let whole = bytes
        #expect(RawSocket.next(&bytes).map { String(buffer: $0) } == "short")
        #expect(RawSocket.next(&bytes).map { String(buffer: $0) } == long)
        #expect(RawSocket.next(&bytes) == nil)
        for cut in 0..<11 {
            var part = whole.getSlice(at: 0, length: cut) ?? ByteBuffer()
            #expect(RawSocket.next(&part) == nil, "\(cut) bytes")
        }
    }

    @Test func `what the raw writer sends a crowd reads`() throws {
        for count in [10, 200] {
            var reader = FrameReader()
            let text = String(repeating: "w", count: count)
            let frame = Array(buffer: RawWriter.frame(text))
            #expect(try Self.read(&reader, frame) == ["1 \(text)"])
        }
    }
}

@Suite struct RedisReplyTests {
    @Test func `answers are read wherever the stream is cut`() throws {
        let stream = ByteBuffer(
            string: "+OK\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"
                + "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\na\r\nb\r\n-ERR no\r\n$-1\r\n")
        for cut in 0...stream.readableBytes {
            var bytes = stream.getSlice(at: 0, length: cut) ?? ByteBuffer()
            var found: [RedisReply] = []
            while let reply = try RedisReply.next(&bytes) { found.append(reply) }
            bytes.writeImmutableBuffer(
                stream.getSlice(at: cut, length: stream.readableBytes - cut) ?? ByteBuffer())
            while let reply = try RedisReply.next(&bytes) { found.append(reply) }
            #expect(found.count == 6, "cut at \(cut)")
            #expect(found.compactMap(\.published) == [ByteBuffer(string: "a\r\nb")], "cut at \(cut)")
        }
    }

    @Test func `what is no answer is found out`() {
        var bytes = ByteBuffer(string: "HTTP/1.1 200 OK\r\n")
        #expect(throws: RunFailure.self) { try RedisReply.next(&bytes) }
    }

    @Test func `a command says how long its words are`() {
        let command = RedisReply.command([ByteBuffer(string: "PUBLISH"), ByteBuffer(string: "a b")])
        #expect(String(buffer: command) == "*2\r\n$7\r\nPUBLISH\r\n$3\r\na b\r\n")
    }
}

@Suite struct FanOutCostTests {
    @Test func `a percentile is a value that was there`() {
        let values = (1...200).map(Double.init).shuffled()
        #expect(Stats.percentile(99, of: values) == 198)
        #expect(Stats.percentile(50, of: values) == 100)
        #expect(Stats.percentile(99, of: [7]) == 7)
        #expect(Stats.percentile(99, of: []) == nil)
    }

    @Test func `the power of what grows is found`() throws {
        func exponent(_ y: (Double) -> Double) throws -> Double {
            try #require(Stats.exponent([64, 256, 1_024].map { (x: $0, y: y($0)) }))
        }
        #expect(try abs(exponent { _ in 3_000 }) < 1e-9)
        #expect(try abs(exponent { 5 * $0 } - 1) < 1e-9)
        #expect(try abs(exponent { 1 / ($0 * $0) } + 2) < 1e-9)
        #expect(Stats.exponent([(x: 1, y: 2)]) == nil)
        #expect(Stats.exponent([(x: 1, y: 2), (x: 2, y: -2)]) == nil)
    }

    @Test func `a count of valgrind is read`() throws {
        let dump = "version: 1\nevents: Ir\nsummary: 12\n\nfn=(1) main\n1 5\n\ntotals: 34\n"
        #expect(try InstructionCounter.total(dump) == 34)
        #expect(throws: RunFailure.self) { try InstructionCounter.total("summary: 12\n") }
    }

    @Test func `a goal with two bounds holds between them`() {
        let goal = Goal(atMost: 0.05, atLeast: -0.05)
        func verdict(_ value: Double) -> Verdict {
            goal.verdict(on: Estimate(median: value, low: value, high: value, spread: .range))
        }
        #expect(verdict(0.04) == .met)
        #expect(verdict(-0.06) == .missed)
        #expect(verdict(0.06) == .missed)
    }
}
