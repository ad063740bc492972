import Kernel
import NIOCore
import NIOPosix
import NIOSSL

/// A connection as the pool sees it.
struct SMTPLink: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<SMTPChannelHandler>
    /// Letters that it has taken.
    var letters = 0

    private init(channel: any Channel, handler: NIOLoopBound<SMTPChannelHandler>) {
        self.channel = channel
        self.handler = handler
    }

    /// Returns when the server is ready for a letter.
    static func connect(
        _ settings: SMTPSettings, tls: NIOSSLContext?, name: String, group: any EventLoopGroup
    ) async throws -> SMTPLink {
        let loop = group.any()
        let ready = loop.makePromise(of: Void.self)
        let made = loop.makePromise(of: NIOLoopBound<SMTPChannelHandler>.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(settings.connectDeadline.inMilliseconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if settings.security == .immediate, let tls {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: settings.tlsName))
                    }
                    let handler = SMTPChannelHandler(settings, tls: tls, name: name, ready: ready)
                    try pipeline.addHandler(handler)
                    made.succeed(NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: settings.host, port: settings.port).get()
        } catch {
            let failure = SMTPFailure(.lost, "\(error)", wasBegun: false)
            // Whichever of them has ended already stays as it is.
            ready.fail(failure)
            made.fail(failure)
            throw failure
        }
        let link = SMTPLink(channel: channel, handler: try await made.futureResult.get())
        try await link.cancellable { try await ready.futureResult.get() }
        return link
    }

    func send(_ text: MailText) async throws {
        try await cancellable {
            try await channel.eventLoop.flatSubmit {
                let promise = channel.eventLoop.makePromise(of: Void.self)
                handler.value.send(text, promise)
                return promise.futureResult
            }.get()
        }
    }

    var isOpen: Bool { channel.isActive }

    func close() { channel.close(promise: nil) }

    /// A conversation that nobody waits for any more ends with its connection.
    private func cancellable(_ body: () async throws -> Void) async throws {
        try await withTaskCancellationHandler {
            try await body()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

extension SMTPSettings {
    /// Names alone can be asked for; an address is checked as it is.
    var tlsName: String? {
        let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
        return isAddress ? nil : host
    }
}
