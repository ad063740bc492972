import Chat
import Feed
import Hummingbird
import Kernel
import Logging
import NIOCore
import Profiles
import Search
import Telemetry
import Videos

/// The operators' listener: metrics and health, never open to the public.
struct AdminServer: Sendable {
    let profile: Profile
    let backend: Backend
    let inFlight: InFlight
    let metrics: MetricRegistry
    let logger: Logger

    func application() throws -> some ApplicationProtocol {
        let router = Router(context: APIContext.self)
        router.get("/metrics") { _, _ in
            await measure()
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.exposition())))
        }
        let readiness = Readiness(backend.health)
        router.get("/readyz") { _, _ in await readiness.response() }
        router.get("/livez") { _, _ in Response.json { $0.field("status", "ok") } }
        let address = profile.admin
        return Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(address.host, port: address.port)),
            onServerRunning: { channel in
                logger.info("admin", metadata: ["port": "\(channel.localAddress?.port ?? address.port)"])
            }, logger: logger)
    }

    /// Depths are asked for when somebody looks, not kept up meanwhile.
    private func measure() async {
        metrics.set(
            "http_requests_in_flight", to: Double(inFlight.current), help: "Requests being answered now.")
        for gauge in await backend.machinery.gauges() {
            metrics.set(gauge.name, to: gauge.value, help: gauge.help)
        }
        // What cannot be read is left as it was; readiness tells that the store is gone.
        if let depth = try? await backend.jobs.depth(of: Transcoding.jobKind) {
            for (state, count) in [
                ("waiting", depth.waiting), ("running", depth.running), ("failed", depth.failed),
            ] {
                metrics.set(
                    "jobs", to: Double(count), help: "Jobs by state.",
                    labels: ["kind": Transcoding.jobKind, "state": state])
            }
            let age = depth.oldestDue.map { max(0, (Timestamp.now() - $0).inSeconds) } ?? 0
            metrics.set(
                "jobs_oldest_seconds", to: age, help: "Age of the oldest job that waits.",
                labels: ["kind": Transcoding.jobKind])
        }
        if backend.mail != nil, let depth = try? await backend.mails.depth() {
            for (state, count) in [("waiting", depth.waiting), ("dead", depth.dead)] {
                metrics.set(
                    "mails", to: Double(count), help: "Letters by state; dead ones were given up.",
                    labels: ["state": state])
            }
        }
        for group in [
            VideoReactions.group, RoomReactions.group, SearchProjection.group, FeedProjection.group,
        ] {
            guard let lag = try? await backend.events.lag(of: group) else { continue }
            metrics.set(
                "events_lag", to: Double(lag.events), help: "Events not yet applied.",
                labels: ["group": group])
        }
    }
}
