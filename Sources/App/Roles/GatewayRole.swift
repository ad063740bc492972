import Kernel
import Logging
import Profiles
import Proxy
import Resilience
import Telemetry

/// Role `gateway`: one address in front of all processes that answer the API.
struct GatewayRole: Sendable {
    let profile: Profile
    /// In place of an address of its own.
    let listener: InheritedListener?
    let instances: any InstanceDirectory
    let serviceToken: @Sendable () -> String?
    let metrics: MetricRegistry
    let logger: Logger

    func proxy() -> ReverseProxy {
        ReverseProxy(
            settings, routes: rules, directory: instances,
            observer: ProxyObserver(
                event: { [metrics] in metrics.note($0) }, access: { [logger] in logger.note($0) }),
            logger: logger)
    }

    /// Live connections have processes of their own, everything else goes to the api; its streams are long, so
    /// connections, not requests, tell how busy one is.
    private var rules: [RouteRule] {
        let policy = profile.gateway.policy.balancing
        return [
            RouteRule("chat", prefix: ChatUpgrade.path, to: ProcessRole.chat.rawValue, policy: policy),
            RouteRule("api", to: ProcessRole.api.rawValue, policy: policy),
        ]
    }

    private var settings: GatewaySettings {
        let gateway = profile.gateway
        var settings = GatewaySettings()
        settings.host = gateway.host
        settings.port = gateway.port
        settings.listener = listener
        settings.scheme = profile.http.publicURL.hasPrefix("https:") ? "https" : "http"
        settings.limits.clients = gateway.maximumConnections
        settings.limits.connectionsPerInstance = gateway.connectionsPerInstance
        settings.limits.waitingPerInstance = gateway.maximumWaiting
        settings.limits.headerBytes = profile.http.maximumHeaderBytes.asInt * 2
        settings.times.connect = gateway.connectDeadline
        settings.times.responseHead = gateway.headDeadline
        settings.times.drain = profile.http.drainDeadline
        // Below the time after which the api itself closes an idle connection.
        settings.times.upstreamKeepAlive = profile.http.idleTimeout / 2
        settings.probe.interval = gateway.probeInterval
        // Longer than the longest look of `/readyz` itself.
        settings.probe.deadline = .seconds(3)
        settings.fleet.health.probesToEject = 3
        settings.refresh =
            switch gateway.discovery {
            case .registry: profile.registry.heartbeat
            case .dns(let dns): dns.period
            }
        settings.fleet.retryBudget.ratio = Double(gateway.retryShare) / 100
        // The instances trust this gateway; whom it trusts in turn is a list of its own, empty by default.
        let proxies = gateway.trustedProxies
        settings.serviceToken = serviceToken
        settings.trusts = { peer in proxies.contains { $0.contains(peer) } }
        return settings
    }
}

extension BalancingChoice {
    fileprivate var balancing: BalancingPolicy {
        switch self {
        case .roundRobin: .roundRobin
        case .weightedRoundRobin: .weightedRoundRobin
        case .leastConnections: .leastConnections
        case .weightedLeastConnections: .weightedLeastConnections
        case .ipHash: .ipHash
        case .randomOfTwo: .randomOfTwo
        }
    }
}

extension MetricRegistry {
    fileprivate func note(_ event: ProxyEvent) {
        switch event {
        case .fleet(let role, _):
            add(
                to: "gateway_fleet_changes_total", help: "Instances that came, went, failed or returned.",
                labels: ["role": role])
        case .answered(let role, _, let status, let seconds):
            observe(
                seconds, in: "gateway_upstream_seconds", help: "Time until an instance began to answer.",
                labels: ["role": role])
            add(
                to: "gateway_answers_total", help: "Answers of instances.",
                labels: ["role": role, "status": String(status)])
        case .failed(let role, _, let code):
            add(
                to: "gateway_failures_total", help: "Attempts that failed.",
                labels: ["role": role, "code": code])
        case .retried(let role):
            add(to: "gateway_retries_total", help: "Requests sent again.", labels: ["role": role])
        case .rejected(let code):
            add(
                to: "gateway_rejections_total", help: "Requests the gateway answered itself.",
                labels: ["code": code])
        case .directoryFailed(let role, _):
            add(
                to: "gateway_directory_failures_total", help: "Looks at the registry that failed.",
                labels: ["role": role])
        }
    }
}

extension Logger {
    fileprivate func note(_ record: AccessRecord) {
        info(
            "proxied",
            metadata: [
                "requestId": "\(record.requestID)", "method": "\(record.method)",
                "rule": "\(record.route ?? "none")", "instance": "\(record.instance ?? "none")",
                "status": "\(record.status)", "attempts": "\(record.attempts)",
                "milliseconds": "\(record.duration.inMilliseconds)", "complete": "\(record.isComplete)",
            ])
    }
}
