import Kernel
import NIOCore

extension RedisDial {
    /// A channel to the one server, to the primary that the Sentinels name, or to any node of a cluster.
    func openPrimary(on loop: any EventLoop, until deadline: NIODeadline) async throws -> RedisChannel {
        switch address.topology {
        case .single(let endpoint):
            return try await open(endpoint, on: loop, as: .any, until: deadline)
        case .cluster(let seeds):
            return try await first(of: seeds.shuffled(), until: deadline) { seed, deadline in
                try await open(seed, on: loop, as: .any, until: deadline)
            }
        case .sentinel(let sentinels, let service):
            return try await first(of: sentinels.shuffled(), until: deadline) { sentinel, deadline in
                let primary = try await primary(service, by: sentinel, on: loop, until: deadline)
                return try await open(primary, on: loop, as: .primary, until: deadline)
            }
        }
    }

    /// The first that succeeds. None may take all the time, so that a silent one does not hide the others.
    private func first<Value>(
        of endpoints: [RedisEndpoint], until deadline: NIODeadline,
        _ body: (RedisEndpoint, NIODeadline) async throws -> Value
    ) async throws -> Value {
        var last: any Error = Failure.unavailable("Redis")
        for (index, endpoint) in endpoints.enumerated() {
            let now = NIODeadline.now()
            guard now < deadline else { break }
            let share = (deadline - now).nanoseconds / Int64(endpoints.count - index)
            do {
                return try await body(endpoint, now + .nanoseconds(share))
            } catch {
                last = error
            }
        }
        throw last
    }

    private func primary(
        _ service: String, by sentinel: RedisEndpoint, on loop: any EventLoop, until deadline: NIODeadline
    ) async throws -> RedisEndpoint {
        let question = RedisCommand(
            name: "SENTINEL", leading: [.text("GET-MASTER-ADDR-BY-NAME"), .text(service)])
        let reply = try await ask(question, sentinel, on: loop, as: .sentinel, until: deadline)
        guard let parts = reply.array, parts.count == 2, let host = parts[0].text, let text = parts[1].text,
            let port = Int(text)
        else {
            throw Failure(
                .unavailable, "unavailable", "The Sentinel at \(sentinel) knows no service \"\(service)\".")
        }
        return RedisEndpoint(host: host, port: port)
    }

    /// Which node has which slots, as the first of `nodes` that answers tells.
    func slots(
        from nodes: [RedisEndpoint], on loop: any EventLoop, until deadline: NIODeadline
    ) async throws -> RedisSlotMap {
        try await first(of: nodes, until: deadline) { node, deadline in
            let question = RedisCommand(name: "CLUSTER", leading: [.text("SLOTS")])
            let reply = try await ask(question, node, on: loop, as: .any, until: deadline)
            guard let map = RedisSlotMap(reply, asked: node), !map.nodes.isEmpty else {
                throw Failure(.unavailable, "unavailable", "The Redis node at \(node) knows no cluster.")
            }
            return map
        }
    }

    /// The reply of a server to one question, on a channel of its own.
    private func ask(
        _ question: RedisCommand, _ endpoint: RedisEndpoint, on loop: any EventLoop, as purpose: RedisPurpose,
        until deadline: NIODeadline
    ) async throws -> RedisReply {
        let channel = try await open(endpoint, on: loop, as: purpose, until: deadline)
        let replies: [RedisReply]
        do {
            replies = try await channel.ask([question], until: deadline)
        } catch {
            await channel.close()
            throw error
        }
        await channel.close()
        guard case .error(let refusal)? = replies.first else { return replies.first ?? .null }
        throw refusal.failure
    }
}
