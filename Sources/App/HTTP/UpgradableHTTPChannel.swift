import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// HTTP/1.1 as `HTTP1Channel` speaks it, on connections that may become something else by an upgrade.
struct UpgradableHTTPChannel: HTTPChannelHandler {
    /// Plain HTTP from the first request on, or nothing more to do here.
    enum Arrival: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case upgraded
    }

    struct Value: ServerChildChannelValue {
        let arrival: EventLoopFuture<Arrival>
        let channel: any Channel
    }

    let responder: HTTPChannelHandler.Responder
    let configuration: HTTP1Channel.Configuration
    let upgrade: ChatUpgrade

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let entrance = UpgradeEntrance(
                upgrade: upgrade, idleTimeout: configuration.idleTimeout,
                arrival: channel.eventLoop.makePromise(of: Arrival.self)
            ) { channel in try serve(channel, logger) }
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = configuration.httpDecoder.maxHeaderFieldSize
            limits.maxHeaderListSize = configuration.httpDecoder.maxHeaderListSize
            limits.maxHeaderFieldCount = configuration.httpDecoder.maxHeaderFieldCount
            try channel.pipeline.syncOperations.addHandlers(
                HTTPResponseEncoder(),
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)),
                entrance)
            return Value(arrival: entrance.arrival.futureResult, channel: channel)
        }
    }

    private func serve(
        _ channel: any Channel, _ logger: Logger
    ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        try channel.pipeline.syncOperations.addHandlers(
            HTTP1ToHTTPServerCodec(secure: false),
            HTTPConnectionStateHandler(
                idleTimeout: configuration.idleTimeout.map { .init($0) }, logger: logger))
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }

    func handle(value: Value, logger: Logger) async {
        do {
            if case .http(let channel) = try await value.arrival.get() {
                await handleHTTP(asyncChannel: channel, logger: logger)
            }
        } catch {
            // It went before it had said anything.
            value.channel.close(promise: nil)
        }
    }
}
