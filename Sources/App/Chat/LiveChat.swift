import Chat
import HTTPTypes
import Identity
import Kernel
import Logging
import Profiles
import ServiceLifecycle
import Sockets
import Telemetry

/// Role `chat`: live connections, and what keeps the rooms behind them up to date.
struct LiveChat: Service {
    let hub: SocketHub
    private let feeds: RoomFeeds
    private let metrics: MetricRegistry
    private let logger: Logger

    /// What it is made of.
    struct House: Sendable {
        let profile: Profile
        let backend: Backend
        let domain: Domain
        let authenticator: Authenticator
        let metrics: MetricRegistry
        let logger: Logger
    }

    init(_ house: House) {
        metrics = house.metrics
        logger = house.logger
        let chat = house.profile.chat
        var settings = RoomFeeds.Settings()
        settings.sweep = chat.sweepInterval
        settings.presence = chat.presenceInterval
        let entrance = HubEntrance()
        let feeds = RoomFeeds(
            settings, source: RoomSource(house.domain, house.backend), metrics: house.metrics,
            logger: house.logger, tell: { entrance.tell($0) })
        hub = SocketHub(
            settings: SocketSettings(chat), desk: SocketDesk(house, feeds, house.profile.http.requestDeadline)
        )
        entrance.open(hub)
        self.feeds = feeds
        house.domain.roomNotices.hear { key, notice in await feeds.take(notice, of: key) }
    }

    /// What a request that asks for no upgrade is told.
    static let route = Route(.get, ChatUpgrade.path, access: .open) { _ in
        throw Failure(.invalid, "upgrade_required", "This address speaks WebSocket alone.")
    }

    func run() async throws {
        await withTaskGroup { group in
            group.addTask { await feeds.run() }
            group.addTask { await measure() }
            // It throws when the group is cancelled, which ends this as well.
            try? await gracefulShutdown()
            await drain()
            group.cancelAll()
        }
    }

    /// Clients are told to come back and closed over a moment, the longer the more there are, so that they do not all
    /// knock at the same door.
    private func drain() async {
        let count = hub.meter.reading.connections
        let span = min(Duration.seconds(5), .milliseconds(200) + .milliseconds(1) * count)
        logger.info("chat drains", metadata: ["connections": "\(count)"])
        hub.drain(afterSeconds: max(1, Int(span.inSeconds)), within: span)
        let deadline = ContinuousClock.now + span + hub.settings.closeDeadline + .seconds(1)
        while hub.meter.reading.connections > 0, ContinuousClock.now < deadline {
            // In a task of its own: cancelled, it would return at once, and this would turn until the deadline.
            await Task { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
    }

    private func measure() async {
        var before = SocketMeter.Reading()
        while !Task.isCancelled {
            // A cancelled sleep throws; the loop's condition then ends it.
            try? await Task.sleep(for: .seconds(1))
            let reading = hub.meter.reading
            metrics.set(
                "chat_connections", to: Double(reading.connections), help: "Live connections of the chat.")
            for (name, help, amount) in [
                ("chat_connections_total", "Live connections begun.", reading.opened - before.opened),
                (
                    "chat_deliveries_total", "Entries sent to connections.",
                    reading.deliveries - before.deliveries
                ),
                ("chat_gaps_total", "Gaps that clients were told of.", reading.gaps - before.gaps),
                (
                    "chat_slow_total", "Connections closed as too slow.",
                    reading.slowCloses - before.slowCloses
                ),
            ] where amount > 0 { metrics.add(Double(amount), to: name, help: help) }
            before = reading
        }
    }
}
