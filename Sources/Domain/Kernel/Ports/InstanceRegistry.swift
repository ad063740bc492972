/// Which processes serve a role now, as far as known: may be seconds old.
package protocol InstanceDirectory: Sendable {
    /// The instances of `role` that are alive, by id: starting, ready and draining. Empty if there are none.
    func instances(of role: String) async throws -> [Instance]

    /// Yields when something may have changed, so that one need not wait for the next look; hints may be lost, and
    /// the stream may end at any time. Nil where there are none.
    func changes() async throws -> (any AsyncSequence<[UInt8], Never> & Sendable)?
}

/// A directory in which processes announce themselves.
package protocol InstanceRegistry: InstanceDirectory {
    /// Registers `instance`, or renews it with what is new: alive from now for the registry's lifetime.
    ///
    /// Who stops announcing is forgotten when that is over, unless all of its role do: those were silenced by what
    /// they have in common, and are told of until one announces itself again, for as long as the registry remembers. The id is one process's own; whoever
    /// announces it last is believed.
    func announce(_ instance: Instance) async throws

    /// Forgets it at once; unknown ids are fine.
    func withdraw(_ id: String) async throws
}

/// A process that serves a role at an address.
package struct Instance: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        /// Not to be asked yet.
        case starting
        case ready
        /// Finishes what it has; not to be asked any more.
        case draining
    }

    package struct Address: Hashable, Sendable, CustomStringConvertible {
        /// A name or an IP address, without brackets.
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// Of this life of the process: another start has another id.
    package let id: String
    package let role: String
    package let address: Address
    /// Its share of the work next to others; at least 1.
    package let weight: Int
    /// Requests or jobs it has in hand, as it said last.
    package var load: Int
    package let version: String
    package let startedAt: Timestamp
    package var state: State

    package init(
        id: String, role: String, address: Address, weight: Int = 1, load: Int = 0, version: String = "",
        startedAt: Timestamp = .now(), state: State = .ready
    ) {
        self.id = id
        self.role = role
        self.address = address
        self.weight = max(1, weight)
        self.load = load
        self.version = version
        self.startedAt = startedAt
        self.state = state
    }
}
