import Chat
import Kernel
import NIOCore
import Testing

@Suite struct LiveFrameTests {
    static let room = RoomID()
    static let message = MessageID()

    static let good: [(String, ClientFrame)] = [
        (#"{"type":"ping"}"#, .ping),
        (#"{"type":"ping","later":{"more":[1]}}"#, .ping),
        (#"{"type":"hello"}"#, .hello(token: nil, rooms: [])),
        (
            #"{"type":"hello","token":"t","rooms":[{"id":"\#(room)","afterSeq":7},{"id":"\#(room)"}]}"#,
            .hello(token: "t", rooms: [.init(room: room, afterSeq: 7), .init(room: room)])
        ),
        (
            #"{"type":"subscribe","roomId":"\#(room)","afterSeq":0}"#,
            .subscribe(.init(room: room, afterSeq: 0))
        ),
        (#"{"type":"unsubscribe","roomId":"\#(room)"}"#, .unsubscribe(room)),
        (
            #"{"type":"send","roomId":"\#(room)","clientId":"a","body":"é\n","parentId":"\#(message)"}"#,
            .send(.init(room: room, clientID: "a", body: "é\n", parent: message))
        ),
        (#"{"type":"typing","roomId":"\#(room)"}"#, .typing(room)),
        (#"{"type":"read","roomId":"\#(room)","seq":3}"#, .read(room, seq: 3)),
    ]

    @Test(arguments: good.indices) func `a frame of the protocol is read`(index: Int) throws {
        let (text, frame) = Self.good[index]
        #expect(try ClientFrame(json: ByteBuffer(string: text)) == frame)
    }

    static let bad = [
        "", "[]", "null", "7", "{", #"{"type":7}"#, #"{"type":"shout"}"#, #"{"room":"x"}"#,
        #"{"type":"subscribe"}"#, #"{"type":"subscribe","roomId":"7"}"#,
        #"{"type":"subscribe","roomId":"\#(room)","afterSeq":-1}"#,
        #"{"type":"subscribe","roomId":"\#(room)","afterSeq":1e40}"#,
        #"{"type":"subscribe","roomId":"\#(room)","afterSeq":9223372036854775807}"#,
        #"{"type":"send","roomId":"\#(room)","clientId":"a"}"#, #"{"type":"read","roomId":"\#(room)"}"#,
        #"{"type":"read","roomId":"\#(room)","seq":-3}"#, #"{"type":"hello","rooms":{}}"#,
        #"{"type":"hello","rooms":[{"id":"\#(room)","afterSeq":-2}]}"#,
        String(repeating: "[", count: 20_000),
    ]

    @Test(arguments: bad) func `anything else is malformed`(text: String) {
        #expect(throws: MalformedFrame.self) { try ClientFrame(json: ByteBuffer(string: text)) }
    }

    @Test func `what the server says is one JSON object, and nothing in it breaks out`() {
        let refusal = ServerFrame.Refusal(
            Failure(.invalid, "x", "say \"no\"\n<script>"), room: Self.room, clientID: "a\"b")
        #expect(
            String(buffer: ServerFrame.error(refusal).json)
                == #"{"type":"error","code":"x","detail":"say \"no\"\n<script>","roomId":"\#(Self.room)","clientId":"a\"b"}"#
        )
        #expect(
            String(buffer: ServerFrame.gap(Self.room, fromSeq: 4).json)
                == #"{"type":"gap","roomId":"\#(Self.room)","fromSeq":4}"#)
        #expect(String(buffer: ServerFrame.pong.json) == #"{"type":"pong"}"#)
    }
}
