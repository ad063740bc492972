import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// The least that fans out: encodes a frame for each post, and writes the same bytes to all listeners, with an event loop
/// for each core. What waits for a loop when it comes round is written first and flushed once, as the product does.
final class RawWriter: Sendable {
    /// The listeners of one event loop; used there alone.
    final class Lane {
        var contexts: [ChannelHandlerContext] = []

        func write(_ frames: [ByteBuffer]) {
            for context in contexts {
                for frame in frames { context.write(NIOAny(frame), promise: nil) }
                context.flush()
            }
        }
    }

    private struct Entrance {
        let lane: NIOLoopBound<Lane>
        var inbox: [ByteBuffer] = []
    }

    private struct State {
        var entrances: [Entrance] = []
        var byLoop: [ObjectIdentifier: Int] = [:]
        var seq: Int64 = 0
    }

    private let state = Mutex(State())
    private let head: String
    private let filler: String
    /// Where a frame goes before it comes back to `deliver`; at once where there is none.
    private let relay: (@Sendable (ByteBuffer) -> Void)?

    /// Frames have about so many bytes of payload.
    init(bytes: Int, relay: (@Sendable (ByteBuffer) -> Void)? = nil) {
        head = #"{"type":"message","roomId":"\#(RawWriter.room)","seq":"#
        filler = String(repeating: "x", count: max(0, bytes - head.utf8.count - 15))
        self.relay = relay
    }

    /// As long as those of the product.
    static let room = "00000000-0000-7000-8000-000000000000"

    var lastSeq: Int64 { state.withLock { $0.seq } }

    func join(_ context: ChannelHandlerContext) {
        let loop = context.eventLoop
        let lane = state.withLock { state in
            if let index = state.byLoop[ObjectIdentifier(loop)] { return state.entrances[index].lane }
            let lane = NIOLoopBound(Lane(), eventLoop: loop)
            state.byLoop[ObjectIdentifier(loop)] = state.entrances.count
            state.entrances.append(Entrance(lane: lane))
            return lane
        }
        lane.value.contexts.append(context)
    }

    func leave(_ context: ChannelHandlerContext) {
        let lane = state.withLock { state in
            state.byLoop[ObjectIdentifier(context.eventLoop)].map { state.entrances[$0].lane }
        }
        lane?.value.contexts.removeAll { $0 === context }
    }

    func post() {
        // With the lock, so that the numbers go their way in order.
        let woken = state.withLock { state in
            state.seq += 1
            let frame = Self.frame("\(head)\(state.seq),\"body\":\"\(filler)\"}")
            guard let relay else { return Self.put(frame, &state) }
            relay(frame)
            return []
        }
        wake(woken)
    }

    func deliver(_ frame: ByteBuffer) { wake(state.withLock { Self.put(frame, &$0) }) }

    private static func put(_ frame: ByteBuffer, _ state: inout State) -> [Int] {
        state.entrances.indices.filter { index in
            state.entrances[index].inbox.append(frame)
            return state.entrances[index].inbox.count == 1
        }
    }

    private func wake(_ woken: [Int]) {
        for index in woken {
            let lane = state.withLock { $0.entrances[index].lane }
            lane.eventLoop.execute { self.empty(index, lane) }
        }
    }

    private func empty(_ index: Int, _ lane: NIOLoopBound<Lane>) {
        let frames = state.withLock { state in
            let frames = state.entrances[index].inbox
            state.entrances[index].inbox = []
            return frames
        }
        lane.value.write(frames)
    }

    static func frame(_ text: String) -> ByteBuffer {
        let count = text.utf8.count
        var frame = ByteBufferAllocator().buffer(capacity: count + 4)
        frame.writeInteger(UInt8(0x81))
        if count < 126 {
            frame.writeInteger(UInt8(count))
        } else {
            frame.writeInteger(UInt8(126))
            frame.writeInteger(UInt16(count))
        }
        frame.writeString(text)
        return frame
    }
}
