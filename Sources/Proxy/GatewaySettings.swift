import Kernel
import Resilience

/// All bounds and times of the gateway.
package struct GatewaySettings: Sendable {
    package var host = "127.0.0.1"
    /// 0 for any that is free.
    package var port = 8080
    /// Shared with other gateways, in place of `host` and `port`.
    package var listener: InheritedListener?
    /// By which clients reach it: `https` behind something that ends TLS.
    package var scheme = "http"
    package var threads = 2
    package var limits = Limits()
    package var times = Times()
    package var fleet = Fleet.Settings()
    package var probe = Probe()
    /// Sends of one request, with the first.
    package var maximumAttempts = 3
    /// Whether an address is a proxy's whose `Forwarded` and `X-Forwarded-*` are believed.
    package var trusts: @Sendable (String) -> Bool = { _ in false }
    /// What instances are shown of this gateway, if anything; asked for with each request.
    package var serviceToken: @Sendable () -> String? = { nil }
    /// How often the directory is asked, if it gives no hint before.
    package var refresh = Duration.seconds(1)

    package init() {}

    package struct Limits: Sendable, Equatable {
        /// Connections of clients at once; more are closed at once.
        package var clients = 10_000
        package var headerBytes = 32 * 1024
        package var headerFields = 100
        package var bodyBytes: Int64 = 5 << 30
        /// To one instance.
        package var connectionsPerInstance = 256
        /// Requests that wait for a connection to one instance.
        package var waitingPerInstance = 1024
        /// Of a request's body, kept so that it can be sent again.
        package var replayBytes = 64 * 1024
        /// Buffered for a peer that reads slowly, before the other is read no more.
        package var bufferBytes = 128 * 1024

        package init() {}
    }

    package struct Times: Sendable, Equatable {
        package var connect = Duration.seconds(2)
        /// For a connection to an instance, where all are busy.
        package var connection = Duration.seconds(2)
        /// From the end of a request to the head of its answer.
        package var responseHead = Duration.seconds(35)
        /// Without a byte either way, once a body flows.
        package var idle = Duration.seconds(120)
        /// Without a byte either way, after an upgrade.
        package var tunnelIdle = Duration.seconds(3600)
        /// For a client to send a whole header.
        package var requestHead = Duration.seconds(10)
        /// For a client's next request.
        package var keepAlive = Duration.seconds(75)
        /// For an idle connection to an instance; below what instances allow.
        package var upstreamKeepAlive = Duration.seconds(20)
        /// After the signal to end, connections are still accepted for so long: balancers in front need to notice.
        /// Each gets one answer, which says that it is the last.
        package var lameDuck = Duration.zero
        /// While it drains, a connection without a request is kept this long: the next answer on it can still tell the
        /// client to leave, where a close might meet a request on its way.
        package var idleGrace = Duration.seconds(1)
        /// Then for requests in flight; what is left is cut.
        package var drain = Duration.seconds(25)

        package init() {}
    }

    package struct Probe: Sendable, Equatable {
        package var path = "/readyz"
        /// Zero for no probes.
        package var interval = Duration.seconds(2)
        package var deadline = Duration.seconds(1)

        package init() {}
    }
}
