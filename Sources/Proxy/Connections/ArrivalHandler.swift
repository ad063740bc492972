import NIOCore

/// Sees bytes before they are a request: tells that they came, and finds folded lines, which parsers read differently.
///
/// Of requests sent ahead of their turn it sees nothing; the decoder unfolds those, and they go on unfolded.
final class ArrivalHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private weak var client: ClientHandler?
    private var scan = FoldScan()
    private var isInHead = false

    init(client: ClientHandler) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let client, client.bytesArrived() else {
            isInHead = false
            return context.fireChannelRead(data)
        }
        if !isInHead { scan = FoldScan() }
        isInHead = true
        guard scan.takes(Self.unwrapInboundIn(data).readableBytesView) else {
            return client.refuseAll(.malformed("A line of the header is folded."))
        }
        context.fireChannelRead(data)
    }
}

/// Looks for a line of a head that begins with white space.
struct FoldScan: Sendable {
    private enum Place {
        case line, lineStart, lineStartReturn, behind
    }

    private var place = Place.line

    /// False once such a line was found.
    mutating func takes(_ bytes: some Sequence<UInt8>) -> Bool {
        for byte in bytes {
            switch (place, byte) {
            case (.behind, _): return true
            case (.lineStart, UInt8(ascii: " ")), (.lineStart, UInt8(ascii: "\t")): return false
            case (.lineStart, UInt8(ascii: "\r")): place = .lineStartReturn
            case (.lineStart, UInt8(ascii: "\n")), (.lineStartReturn, UInt8(ascii: "\n")): place = .behind
            case (_, UInt8(ascii: "\n")): place = .lineStart
            case (_, _): place = .line
            }
        }
        return true
    }
}
