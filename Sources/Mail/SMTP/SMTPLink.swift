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

    /// Returns when the server is ready for a letter. `resolver` is the system's if nil.
    static func connect(
        _ settings: SMTPSettings, tls: NIOSSLContext?, name: String, group: any EventLoopGroup,
        resolver: (any Resolver & Sendable)? = nil
    ) async throws -> SMTPLink {
        let link: SMTPLink
        let ready: EventLoopFuture<Void>
        do {
            // A name may have several addresses; each that is tried makes a channel, and one of them is returned.
            (link, ready) = try await ClientBootstrap(group: group.any())
                .connectTimeout(.milliseconds(settings.connectDeadline.inMilliseconds))
                .resolver(resolver)
                .connect(host: settings.host, port: settings.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try prepare(channel, settings, tls: tls, name: name)
                    }
                }
        } catch {
            throw SMTPFailure(.lost, "\(error)", wasBegun: false)
        }
        try await link.cancellable { try await ready.get() }
        return link
    }

    private static func prepare(
        _ channel: any Channel, _ settings: SMTPSettings, tls: NIOSSLContext?, name: String
    ) throws -> (SMTPLink, ready: EventLoopFuture<Void>) {
        let pipeline = channel.pipeline.syncOperations
        if settings.security == .immediate, let tls {
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: settings.tlsName))
        }
        let ready = channel.eventLoop.makePromise(of: Void.self)
        let handler = SMTPChannelHandler(settings, tls: tls, name: name, ready: ready)
        do {
            try pipeline.addHandler(handler)
        } catch {
            ready.fail(error)
            throw error
        }
        let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        return (SMTPLink(channel: channel, handler: bound), ready.futureResult)
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
