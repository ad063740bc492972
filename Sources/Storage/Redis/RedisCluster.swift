import Kernel
import Logging
import NIOCore
import Synchronization

/// Commands to the node that has their key; one connection to each node that was needed.
final class RedisCluster: Sendable {
    fileprivate struct State {
        var map = RedisSlotMap()
        var connections: [RedisEndpoint: RedisConnection] = [:]
        var refresh: Task<Void, any Error>?
        var lastRefresh: ContinuousClock.Instant?
        var refreshTrouble: (since: Timestamp, reason: Failure)?
        var isClosed = false
    }

    /// While a slot is on its way from node to node.
    private static let pause: Duration = .milliseconds(20)
    /// The map is not asked for more often: while a node is down all its callers would.
    private static let refreshInterval: Duration = .milliseconds(100)

    private let dial: RedisDial
    private let seeds: [RedisEndpoint]
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())

    init(_ dial: RedisDial, _ seeds: [RedisEndpoint], _ group: any EventLoopGroup, _ logger: Logger) {
        self.dial = dial
        self.seeds = seeds
        self.group = group
        self.logger = logger
    }

    /// The reply, which may be an error. Throws like `RedisConnection.send`.
    func send(_ command: RedisCommand) async throws -> RedisReply {
        let slot = command.key?.slot ?? Int.random(in: 0..<RedisSlotMap.slotCount)
        var target = try await owner(of: slot)
        var isAsking = false
        for _ in 0...dial.settings.maximumRedirects {
            let reply = try await attempt(command, at: target, slot, isAsking: isAsking)
            guard let reply else {
                // Nothing was sent, and somebody else has the slot now.
                (target, isAsking) = (try await owner(of: slot), false)
                continue
            }
            guard case .error(let refusal) = reply, let redirect = RedisRedirect(refusal, asked: target)
            else {
                return reply
            }
            switch redirect {
            case .moved(let slot, let endpoint):
                state.withLock { $0.map.assign(slot...slot, to: endpoint) }
                refreshSoon()
                (target, isAsking) = (endpoint, false)
            case .ask(let endpoint): (target, isAsking) = (endpoint, true)
            case .tryAgain: try await Task.sleep(for: Self.pause)
            }
        }
        throw Failure(
            .unavailable, "unavailable", "The nodes of the Redis cluster keep pointing at each other.")
    }

    /// Nil if the node cannot be reached and another one has the slot by now.
    private func attempt(
        _ command: RedisCommand, at target: RedisEndpoint, _ slot: Int, isAsking: Bool
    ) async throws -> RedisReply? {
        let connection = try connection(to: target)
        do {
            return try await connection.send(command, behind: isAsking ? RedisCommand(name: "ASKING") : nil)
        } catch let interruption as RedisInterruption {
            refreshSoon()
            throw interruption
        } catch let failure as Failure where failure.kind == .unavailable {
            try await refresh()
            guard state.withLock({ $0.map.owner(of: slot) }) != target else { throw failure }
            return nil
        }
    }

    private func connection(to endpoint: RedisEndpoint) throws -> RedisConnection {
        try state.withLock { state in
            guard !state.isClosed else { throw RedisLink.closedFailure }
            if let connection = state.connections[endpoint] { return connection }
            let connection = RedisConnection(settings: dial.settings, loop: group.next(), logger: logger) {
                [dial] loop, deadline in try await dial.open(endpoint, on: loop, as: .any, until: deadline)
            }
            state.connections[endpoint] = connection
            return connection
        }
    }

    func close() async {
        let (connections, refresh) = state.withLock { state in
            state.isClosed = true
            defer { state.connections = [:] }
            return (Array(state.connections.values), state.refresh)
        }
        refresh?.cancel()
        // How it ended is of no interest any more.
        _ = await refresh?.result
        for connection in connections { await connection.close() }
    }

    var trouble: (since: Timestamp, reason: Failure)? {
        let (connections, own) = state.withLock { (Array($0.connections.values), $0.refreshTrouble) }
        return own ?? connections.compactMap(\.trouble).min { $0.since < $1.since }
    }
}

// MARK: - The map

extension RedisCluster {
    private func owner(of slot: Int) async throws -> RedisEndpoint {
        if let owner = state.withLock({ $0.map.owner(of: slot) }) { return owner }
        try await refresh()
        guard let owner = state.withLock({ $0.map.owner(of: slot) }) else {
            throw Failure(.unavailable, "unavailable", "No node of the Redis cluster has that key right now.")
        }
        return owner
    }

    private func refreshSoon() { _ = startRefresh() }

    private func refresh() async throws { try await startRefresh()?.value }

    /// One at a time for all; nil if the last one was a moment ago.
    private func startRefresh() -> Task<Void, any Error>? {
        state.withLock { state in
            if let refresh = state.refresh { return refresh }
            if let last = state.lastRefresh, .now - last < Self.refreshInterval { return nil }
            guard !state.isClosed else { return nil }
            let nodes = state.map.nodes
            let refresh = Task { try await self.learn(from: nodes) }
            state.refresh = refresh
            return refresh
        }
    }

    private func learn(from nodes: [RedisEndpoint]) async throws {
        do {
            let known = Set(nodes)
            let map = try await dial.slots(
                from: nodes.shuffled() + seeds.filter { !known.contains($0) }, on: group.next(),
                until: .now() + TimeAmount(dial.settings.connectDeadline))
            let gone = state.withLock { state in
                state.map = map
                state.refreshTrouble = nil
                state.endRefresh()
                let gone = state.connections.filter { !map.nodes.contains($0.key) }
                for endpoint in gone.keys { state.connections[endpoint] = nil }
                return gone
            }
            for connection in gone.values { await connection.close() }
        } catch {
            state.withLock { state in
                state.refreshTrouble = (state.refreshTrouble?.since ?? .now(), Failure.wrapping(error))
                state.endRefresh()
            }
            throw error
        }
    }
}

extension RedisCluster.State {
    fileprivate mutating func endRefresh() {
        refresh = nil
        lastRefresh = .now
    }
}
