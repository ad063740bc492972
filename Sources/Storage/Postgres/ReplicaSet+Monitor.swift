import Kernel
import Logging

extension ReplicaSet {
    /// How long a monitor rests; less if a call gets curious meanwhile.
    struct Rest: Sendable {
        let duration: Duration
        /// Of the curiosity before the last probe; nil to rest for the whole time.
        let generation: Int?
    }

    /// While calls wait for a replica; as long as no primary is known.
    private static let urgentInterval = Duration.milliseconds(1)
    private static let searchInterval = Duration.milliseconds(20)

    /// Probes `server` if it is time to; how long to rest before the next.
    func probe(_ server: Int) async -> Rest {
        let generation = curiosity.generation
        let askedAt = Instant.now
        if decide({ $0.mayProbe(server, now: askedAt) }) {
            do {
                let mark = try await endpoints[server].probe(within: settings.probeDeadline)
                decide { $0.probed(server, mark, askedAt: askedAt, now: .now) }
                if mark.isReplica {
                    observe(.lag(server: endpoints[server].name, bytes: decide { $0.lagBytes(server) }))
                }
            } catch {
                if !Task.isCancelled { decide { $0.probeFailed(server, now: .now) } }
            }
            learnt.notify()
        }
        return decide { routing in
            if routing.waiters > 0 { return Rest(duration: Self.urgentInterval, generation: nil) }
            // Behind an election nobody can tell yet how far replicas are.
            if routing.isSearching || routing.history.heardAt == nil {
                return Rest(duration: Self.searchInterval, generation: nil)
            }
            let interval = routing.isCalm(server) ? longInterval : settings.probeInterval
            return Rest(duration: interval, generation: generation)
        }
    }

    /// Between probes of a server that is calm: several fit into the lag that a replica may have.
    private var longInterval: Duration {
        let longest = min(settings.probeInterval * 5, settings.routing.maximumLag / 4, .seconds(1))
        return max(settings.probeInterval, longest)
    }

    /// Has the servers asked if nobody did for `probeInterval`.
    func noteCall() {
        if decide({ $0.called(at: .now, every: settings.probeInterval) }) { curiosity.notify() }
    }

    func take(_ rest: Rest) async {
        // However curious the calls are, a server is not asked without a pause. Ends early only when cancelled, and
        // then the monitor ends.
        try? await Task.sleep(for: rest.generation == nil ? rest.duration : Self.urgentInterval)
        guard let generation = rest.generation else { return }
        await curiosity.wait(after: generation, atMost: max(.zero, rest.duration - Self.urgentInterval))
    }

    func report(_ event: ReplicaRouting.Event) {
        func name(_ server: Int) -> String { endpoints[server].name }
        let change: ReplicaChange
        switch event {
        case .elected(let server, let timeline): change = .elected(server: name(server), timeline: timeline)
        case .fenced(let server, let timeline):
            change = .fenced(server: name(server), timeline: timeline)
            endpoints[server].reset()
        case .lostPrimary(let server):
            change = .lostPrimary(server: name(server))
            endpoints[server].reset()
        case .disputed(let servers): change = .disputed(servers: servers.map(name))
        case .ejected(let server):
            change = .ejected(server: name(server))
            // A primary that is slow to answer probes may still finish what it was given.
            if decide({ $0.primary != server }) { endpoints[server].reset() }
        case .returned(let server): change = .returned(server: name(server))
        case .lagging(let server, let isLagging):
            change = isLagging ? .lagging(server: name(server)) : .caughtUp(server: name(server))
        }
        logger.notice("database servers changed", metadata: ["change": "\(change)"])
        observe(.change(change))
        learnt.notify()
        curiosity.notify()
    }
}
