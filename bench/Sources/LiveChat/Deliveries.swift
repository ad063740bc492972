import Cluster
import Foundation

/// One room with 1,000 listeners, each of which must get each message once and in order: the product beside a raw writer
/// with frames as long, listened to by the same program.
///
/// In a closed loop so many messages are under way at any time, from as many senders: that gives the rate. In an open
/// loop they post in turn at fixed times: that gives the latency, which counts from when a message was due.
struct Deliveries: Scenario {
    let name: String
    let duration: Duration
    let rows: [Row]
    private let scratch: Scratch
    private let sides: ChatSides

    static let listeners = 1_000
    static let underWay = 64
    static let perSecond = 40.0

    static func closed(_ side: ChatSides.Side) -> String { "\(side.rawValue), closed loop" }
    static func open(_ side: ChatSides.Side) -> String { "\(side.rawValue), open loop" }

    init(name: String, duration: Duration, rows: [Row], scratch: Scratch, sides: ChatSides) {
        self.name = name
        self.duration = duration
        self.rows = rows
        self.scratch = scratch
        self.sides = sides
    }

    func prepare() async throws { try await sides.start() }

    func finish() async { await sides.stop() }

    var arms: [Arm] {
        ChatSides.Side.allCases.flatMap { side in
            [
                Arm(name: Self.closed(side)) {
                    let outcome = try await run(side, .closed(underWay: Self.underWay))
                    return outcome.rate.map { [.rate: $0] } ?? [:]
                },
                Arm(name: Self.open(side)) {
                    let outcome = try await run(side, .open(perSecond: Self.perSecond))
                    return outcome.latency99.map { [.latency99: $0] } ?? [:]
                },
            ]
        }
    }

    private func run(_ side: ChatSides.Side, _ load: CrowdRun.Load) async throws -> CrowdRun.Outcome {
        let address = try await sides.address(side)
        return try await CrowdRun(
            listeners: Self.listeners, place: address.place, senderPort: address.senderPort, load: load,
            duration: duration
        ).run(in: scratch)
    }

    /// Of a stage in which one process serves all.
    static func oneServer(_ seed: SeedChat, scratch: Scratch, duration: Duration) -> Deliveries {
        let sides = ChatSides(scratch: scratch) { adopt in
            let (port, folder) = (try PortChoice.takeOne(), scratch.root.appending(path: "chat"))
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            await adopt(try await seed.start(in: folder, port: port))
            return ChatSides.Address(place: try await SeedChat.place(port: port), senderPort: port)
        }
        return Deliveries(
            name: "sockets", duration: duration,
            rows: rows("sockets", of: "one room, \(listeners) sockets", beside: "raw writer"),
            scratch: scratch, sides: sides)
    }

    /// Of a stage in which one process of the chat stores and another delivers.
    static func twoServers(_ launcher: AppLauncher, duration: Duration) -> Deliveries {
        let servers = launcher.servers
        let sides = ChatSides(scratch: servers.scratch, redis: servers.redisURL) { adopt in
            let (api, first, second) = (
                try PortChoice.takeOne(), try PortChoice.takeOne(), try PortChoice.takeOne()
            )
            for (role, port) in [("api", api), ("chat", first), ("chat", second)] {
                let settings = ["http.port=\(port)", "registry.register=false"] + SeedChat.bounds
                await adopt(try await launcher.start(role: role, settings: settings))
            }
            var place = try await SeedChat.place(port: api)
            place.port = second
            return ChatSides.Address(place: place, senderPort: first)
        }
        return Deliveries(
            name: "two-servers", duration: duration,
            rows: rows(
                "two-servers", of: "senders at one server, \(listeners) sockets at another",
                beside: "raw subscriber of Redis and writer"),
            scratch: servers.scratch, sides: sides)
    }

    private static func rows(_ id: String, of crowd: String, beside reference: String) -> [Row] {
        let busy = "\(crowd), \(underWay) messages under way", calm = "\(crowd), \(Int(perSecond)) messages/s"
        return [
            Row(
                id: "\(id).rate", title: "deliveries/s, \(busy): CloudStream / \(reference)",
                value: .ratio(closed(.product), closed(.raw), .rate)),
            Row(
                id: "\(id).p99", title: "99th percentile of latency, \(calm): CloudStream / \(reference)",
                value: .ratio(open(.product), open(.raw), .latency99)),
            Row(
                id: "\(id).deliveries", title: "deliveries/s, \(busy)",
                value: .absolute(.init(arm: closed(.product), measure: .rate), .perSecond)),
            Row(
                id: "\(id).latency", title: "99th percentile from due to received, \(calm)",
                value: .absolute(.init(arm: open(.product), measure: .latency99), .seconds)),
        ]
    }
}
