import Foundation

/// What a proxy before two api processes costs: our gateway, and nginx with the configuration of `deploy/edge`, which
/// routes alike; both with a worker for each core and without a log of requests.
///
/// The question is the smallest that an api answers, so that the proxy is what is measured. In a closed loop each of the
/// clients asks as soon as it is answered: that gives the rate. In an open loop questions come at fixed times, whether
/// the last are answered or not, and wait from then on: that gives the latency. Clients, proxy and apis share the cores.
struct GatewayHop: Scenario {
    let name = "gateway"
    let duration: Duration
    private let members: GatewayHopMembers

    private static let closedClients = 32
    private static let openClients = 32
    private static let openRate = 400.0

    enum Way: String, CaseIterable, Sendable { case gateway, nginx, direct }

    private static func closed(_ way: Way) -> String { "\(way.rawValue), closed loop" }
    private static func open(_ way: Way) -> String { "\(way.rawValue), open loop" }

    init(_ launcher: AppLauncher, duration: Duration) {
        self.duration = duration
        members = GatewayHopMembers(launcher)
    }

    func prepare() async throws { try await members.start() }

    func finish() async { await members.stop() }

    var arms: [Arm] {
        Way.allCases.flatMap { way in
            [
                Arm(name: Self.closed(way)) { try await askClosed(way) },
                Arm(name: Self.open(way)) { try await askOpen(way) },
            ]
        }
    }

    let rows: [Row] = [
        Row(
            id: "gateway.rate", title: "requests/s, 32 clients in a closed loop: gateway / nginx",
            value: .ratio(closed(.gateway), closed(.nginx), .rate)),
        Row(
            id: "gateway.p99", title: "99th percentile of latency at 400 requests/s: gateway / nginx",
            value: .ratio(open(.gateway), open(.nginx), .latency99)),
        Row(
            id: "gateway.direct.rate", title: "requests/s, 32 clients in a closed loop: gateway / no proxy",
            value: .ratio(closed(.gateway), closed(.direct), .rate)),
        Row(
            id: "gateway.direct.p99",
            title: "99th percentile of latency at 400 requests/s: gateway / no proxy",
            value: .ratio(open(.gateway), open(.direct), .latency99)),
        Row(
            id: "gateway.requests", title: "requests/s through the gateway, 32 clients in a closed loop",
            value: .absolute(.init(arm: closed(.gateway), measure: .rate), .perSecond)),
        Row(
            id: "gateway.latency", title: "99th percentile of latency through the gateway at 400 requests/s",
            value: .absolute(.init(arm: open(.gateway), measure: .latency99), .seconds)),
    ]

    private func askClosed(_ way: Way) async throws -> Reading {
        let ports = try await members.ports(way)
        _ = try await Self.latencies(Self.closedClients, ports) {
            try Self.ask($0, until: $1 + .milliseconds(500))
        }
        let counted = try await Self.latencies(Self.closedClients, ports) { [duration] in
            try Self.ask($0, until: $1 + duration)
        }
        return [.rate: Double(counted.count) / (duration / .seconds(1))]
    }

    private func askOpen(_ way: Way) async throws -> Reading {
        let ports = try await members.ports(way)
        let gap = Duration.seconds(Double(Self.openClients) / Self.openRate)
        let counted = try await Self.latencies(Self.openClients, ports) { [duration] in
            try Self.ask($0, each: gap, from: $1, until: $1 + duration)
        }.sorted()
        guard !counted.isEmpty else { throw RunFailure("nothing was answered in time") }
        return [.latency99: counted[min(counted.count - 1, counted.count * 99 / 100)]]
    }

    /// Of all clients, each on a thread and a connection of its own.
    private static func latencies(
        _ clients: Int, _ ports: [Int],
        _ work: @escaping @Sendable (KeepAliveClient, ContinuousClock.Instant) throws -> [Double]
    ) async throws -> [Double] {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: [Double].self) { group in
            for number in 0..<clients {
                let port = ports[number % ports.count]
                // Spread over the gap between two questions of one client.
                let begin = start + .seconds(Double(number) / openRate)
                group.addTask { try await onThread { try work(KeepAliveClient(port: port), begin) } }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func ask(_ client: KeepAliveClient, until end: ContinuousClock.Instant) throws -> [Double]
    {
        var latencies: [Double] = []
        while ContinuousClock.now < end {
            let sent = ContinuousClock.now
            try askOnce(client)
            latencies.append((ContinuousClock.now - sent) / .seconds(1))
        }
        return latencies
    }

    /// A latency counts from when the question was due.
    private static func ask(
        _ client: KeepAliveClient, each gap: Duration, from start: ContinuousClock.Instant,
        until end: ContinuousClock.Instant
    ) throws -> [Double] {
        var latencies: [Double] = []
        var due = start
        while due < end {
            let wait = (due - ContinuousClock.now) / .seconds(1)
            if wait > 0 { Thread.sleep(forTimeInterval: wait) }
            try askOnce(client)
            latencies.append((ContinuousClock.now - due) / .seconds(1))
            due += gap
        }
        return latencies
    }

    private static func askOnce(_ client: KeepAliveClient) throws {
        let answer = try client.ask("GET", "/livez")
        guard answer.status == 200 else { throw RunFailure("the answer was \(answer.status)") }
    }
}
