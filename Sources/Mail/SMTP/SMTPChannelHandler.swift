import Kernel
import NIOCore
import NIOSSL

/// One connection: carries bytes to the conversation and does what it says. On its event loop alone.
final class SMTPChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var conversation: SMTPConversation
    private var reader = SMTPReplyReader()
    private let settings: SMTPSettings
    private let tls: NIOSSLContext?
    private var context: ChannelHandlerContext?
    private var ready: EventLoopPromise<Void>?
    private var letter: EventLoopPromise<Void>?
    private var patience: Scheduled<Void>?

    init(_ settings: SMTPSettings, tls: NIOSSLContext?, name: String, ready: EventLoopPromise<Void>) {
        self.settings = settings
        self.tls = tls
        self.ready = ready
        conversation = SMTPConversation(settings, name: name)
    }

    /// Sends one letter; not before the last one is done with.
    func send(_ text: MailText, _ promise: EventLoopPromise<Void>) {
        guard context != nil, letter == nil, conversation.isIdle else {
            return promise.fail(SMTPFailure(.lost, "the connection has ended", wasBegun: false))
        }
        letter = promise
        step(.letter(text))
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        step(.lost)
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) { wait(settings.replyDeadline) }

    func channelInactive(context: ChannelHandlerContext) { step(.lost) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { step(.broken("\(error)")) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        do throws(Failure) {
            for reply in try reader.read(buffer.readableBytesView) { step(.reply(reply)) }
        } catch {
            step(.broken(error.detail))
        }
    }

    private func step(_ happening: SMTPConversation.Happening) {
        for action in conversation.handle(happening) { perform(action) }
    }

    private func perform(_ action: SMTPConversation.Action) {
        switch action {
        case .write(let bytes):
            wait(settings.replyDeadline)
            context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        case .secure: secure()
        case .ready:
            wait(settings.idleLifetime)
            ready?.succeed()
            ready = nil
        case .taken:
            letter?.succeed()
            letter = nil
        case .failed(let failure):
            ready?.fail(failure)
            letter?.fail(failure)
            (ready, letter) = (nil, nil)
        case .close:
            patience?.cancel()
            context?.close(promise: nil)
        }
    }

    private func secure() {
        // Whoever sits on the line may have put words behind the reply, to be taken for the server's.
        guard reader.isEmpty, let tls, let context else { return step(.broken("words before TLS")) }
        do {
            let handler = try NIOSSLClientHandler(context: tls, serverHostname: settings.tlsName)
            try context.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            step(.broken("\(error)"))
        }
    }

    private func wait(_ limit: Duration) {
        patience?.cancel()
        guard let loop = context?.eventLoop else { return }
        // Scheduled on this connection's own loop, which alone touches it.
        let bound = NIOLoopBound(self, eventLoop: loop)
        patience = loop.scheduleTask(in: .milliseconds(limit.inMilliseconds)) { bound.value.step(.timedOut) }
    }
}
