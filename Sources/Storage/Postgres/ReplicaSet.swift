import Kernel
package import Logging
import Relational
private import Synchronization

/// The servers of one store: writes go to its primary, reads to a replica that has replayed what they must see.
///
/// Promises to each session (`Consistency.current`), across nodes that share it: a read sees what the session wrote
/// and whatever it has read before; what a write reads is what the primary shows. A read without session sees
/// everything that is committed. A write is tried again only if nothing of it happened. Where no replica can answer,
/// the primary does, bounded by its own queue. Needs `synchronous_commit` at `local` or above.
package final class ReplicaSet: Sendable {
    package struct Settings: Sendable {
        /// Name of the store in `Consistency`; at most 30 characters.
        package var store: String
        package var probeInterval: Duration
        package var probeDeadline: Duration
        package var routing: RoutingSettings

        package init(
            store: String = "main", probeInterval: Duration = .milliseconds(100),
            probeDeadline: Duration = .milliseconds(500), routing: RoutingSettings = RoutingSettings()
        ) {
            self.store = store
            self.probeInterval = probeInterval
            self.probeDeadline = probeDeadline
            self.routing = routing
        }
    }

    package typealias Observer = @Sendable (ReplicaObservation) -> Void
    typealias Instant = ContinuousClock.Instant

    let settings: Settings
    let endpoints: [any ReplicaEndpoint]
    let observe: Observer
    let logger: Logger
    private let routing: Mutex<ReplicaRouting>
    /// Notified when something was learnt that may let a waiting call go on.
    let learnt = Wakeup()
    /// Notified when servers are to be asked soon: a call waits for something to be learnt, nobody has asked for long, or
    /// something has changed.
    let curiosity = Wakeup()
    private let monitors = Mutex<[Task<Void, Never>]>([])

    /// Begins to probe `servers`, and goes on until `close`.
    package convenience init(
        _ servers: [PostgresServer], settings: Settings, logger: Logger,
        observe: @escaping Observer = { _ in }
    ) {
        self.init(endpoints: servers, settings: settings, logger: logger, observe: observe)
    }

    init(
        endpoints: [any ReplicaEndpoint], settings: Settings, logger: Logger, observe: @escaping Observer
    ) {
        self.settings = settings
        self.endpoints = endpoints
        self.observe = observe
        self.logger = logger
        routing = Mutex(ReplicaRouting(endpoints.map(\.name), settings: settings.routing))
        let tasks = endpoints.indices.map { server in
            Task { [weak self] in
                while !Task.isCancelled, let set = self { await set.take(await set.probe(server)) }
            }
        }
        monitors.withLock { $0 = tasks }
    }

    /// Ends after the calls that were accepted; later ones are `unavailable`.
    package func close() async {
        let tasks = monitors.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        for endpoint in endpoints { await endpoint.close() }
    }

    /// Nil while none is known.
    package var primary: String? { routing.withLock { $0.primary }.map { endpoints[$0].name } }

    package var health: ReplicaHealth {
        routing.withLock { routing in
            let servers = routing.servers.indices
            let out = servers.compactMap { server in
                routing.shortcoming(of: server).map { (endpoints[server].name, $0) }
            }
            return ReplicaHealth(
                primary: routing.primary.map { endpoints[$0].name },
                replicas: servers.filter { routing.isUsable($0) }.map { endpoints[$0].name },
                out: Dictionary(out) { first, _ in first })
        }
    }

    /// Asks or tells the machine, then tells the world what changed by it.
    func decide<Answer>(_ body: (inout ReplicaRouting) -> Answer) -> Answer {
        let (answer, events) = routing.withLock { routing in
            let answer = body(&routing)
            return (answer, routing.takeEvents())
        }
        for event in events { report(event) }
        return answer
    }

    /// Waits until something is learnt, at most until `end`.
    func waitForNews(after generation: Int, until end: Instant) async {
        curiosity.notify()
        await learnt.wait(after: generation, atMost: max(.zero, end - .now))
    }
}
