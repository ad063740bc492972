package import Kernel

/// Instances as rows that are renewed by heartbeats; news is also told by pub/sub, where there is one.
package struct RelationalInstanceRegistry: InstanceRegistry {
    package struct Settings: Sendable, Equatable {
        /// How long an announcement holds: several heartbeats, and more than clocks differ.
        package var lifetime = Duration.seconds(15)
        /// Rows of the dead are kept for so long: for people who look for them, and where a whole role fell silent at once.
        package var memory = Duration.seconds(3600)

        package init() {}
    }

    private static let channel = "instances"
    /// Hints that may be unread; one is as good as many.
    private static let hintCapacity = 64

    private let database: Database
    private let pubSub: (any PubSub)?
    private let settings: Settings

    package init(_ database: Database, hints pubSub: (any PubSub)?, settings: Settings = .init()) {
        self.database = database
        self.pubSub = pubSub
        self.settings = settings
    }

    package func announce(_ instance: Instance) async throws {
        let isNews = try await database.writeSystem { [settings, database] writer in
            // Not before: a write that waited long would tell of one that has lapsed already.
            let now = database.now()
            let before = try writer.reader.first(
                "state, alive_until", from: .instances, where: "id = \(instance.id)"
            ) { (state: try $0.nextCase(Instance.State.self), aliveUntil: try $0.next(Timestamp.self)) }
            try writer.upsert(
                into: .instances, instance.identityColumns,
                and: instance.heartbeat(until: now + settings.lifetime),
                key: "id", change: instance.change(until: now + settings.lifetime))
            if before == nil {
                try writer.delete(
                    from: .instances,
                    where: "role = \(instance.role) AND alive_until < \(now - settings.memory)")
            }
            return before?.state != instance.state || (before?.aliveUntil ?? now) <= now
        }
        if isNews { await hint(instance.role) }
    }

    package func withdraw(_ id: String) async throws {
        let count = try await database.writeSystem { try $0.delete(from: .instances, where: "id = \(id)") }
        if count > 0 { await hint(id) }
    }

    package func instances(of role: String) async throws -> [Instance] {
        let now = database.now()
        let announced = try await database.readSystem { [settings] reader in
            try reader.select(
                "alive_until, id, role, host, port, weight, current_load, version, started_at, state",
                from: .instances, where: "role = \(role) AND alive_until > \(now - settings.memory)",
                then: "ORDER BY id"
            ) { row in
                (
                    aliveUntil: try row.next(Timestamp.self),
                    instance: Instance(
                        id: try row.next(), role: try row.next(),
                        address: .init(host: try row.next(), port: try row.next()), weight: try row.next(),
                        load: try row.next(), version: try row.next(), startedAt: try row.next(),
                        state: try row.nextCase())
                )
            }
        }
        // Where all fell silent, it is rather this store that cannot be written than that all of them died: those of
        // the last announcement's time stay.
        let newest = announced.map(\.aliveUntil).max() ?? now
        let horizon = newest > now ? now : newest - settings.lifetime
        return announced.filter { $0.aliveUntil > horizon }.map(\.instance)
    }

    package func changes() async throws -> (any AsyncSequence<[UInt8], Never> & Sendable)? {
        try await pubSub?.subscribe(Self.channel, capacity: Self.hintCapacity)
    }

    private func hint(_ subject: String) async {
        // A lost hint costs its readers one interval, and what it hints at is committed.
        try? await pubSub?.publish(Self.channel, Array(subject.utf8))
    }
}

extension SystemTable {
    fileprivate static let instances = SystemTable("instances")
}

extension Instance {
    fileprivate var identityColumns: KeyValuePairs<String, (any SQLColumn)?> {
        ["id": id, "role": role, "host": address.host, "port": address.port, "version": version]
    }

    fileprivate func heartbeat(until end: Timestamp) -> KeyValuePairs<String, (any SQLColumn)?> {
        [
            "weight": weight, "current_load": load, "started_at": startedAt, "state": state.rawValue,
            "alive_until": end,
        ]
    }

    fileprivate func change(until end: Timestamp) -> SQLText {
        """
        role = \(role), host = \(address.host), port = \(address.port), version = \(version), \
        weight = \(weight), current_load = \(load), started_at = \(startedAt), state = \(state.rawValue), \
        alive_until = \(end)
        """
    }
}
