package import Kernel
package import Logging
package import NIOCore

/// Commands to Redis, wherever the URL says that it is. To be closed.
package final class RedisClient: Sendable {
    package let settings: RedisSettings
    let dial: RedisDial
    let logger: Logger
    let group: any EventLoopGroup
    private let route: Route

    private enum Route {
        /// All to one server, which may change when Sentinels choose another.
        case primary(RedisConnection)
        case cluster(RedisCluster)
    }

    /// Begins to connect and returns at once. Throws `invalid_redis_url`.
    package init(settings: RedisSettings, eventLoopGroup: any EventLoopGroup, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        group = eventLoopGroup
        let address = try RedisAddress(parsing: settings.url)
        dial = try RedisDial(address: address, settings: settings)
        switch address.topology {
        case .single, .sentinel:
            route = .primary(
                RedisConnection(settings: settings, loop: eventLoopGroup.next(), logger: logger) {
                    [dial] loop, deadline in try await dial.openPrimary(on: loop, until: deadline)
                })
        case .cluster(let seeds): route = .cluster(RedisCluster(dial, seeds, eventLoopGroup, logger))
        }
    }

    /// Throws `unavailable`, `timeout` or `overloaded` if Redis cannot be used.
    package func ping() async throws {
        _ = try await send(RedisCommand(name: "PING", isIdempotent: true))
    }

    /// Ends all connections; commands fail from now on.
    package func close() async {
        switch route {
        case .primary(let connection): await connection.close()
        case .cluster(let cluster): await cluster.close()
        }
    }

    /// Since when Redis cannot be reached, and why; nil while it can.
    package var trouble: (since: Timestamp, reason: Failure)? {
        switch route {
        case .primary(let connection): connection.trouble
        case .cluster(let cluster): cluster.trouble
        }
    }

    /// The reply, never an error. An idempotent command whose connection went is sent once more.
    func send(_ command: RedisCommand) async throws -> RedisReply {
        do {
            return try accepted(try await attempt(command))
        } catch let interruption as RedisInterruption {
            guard command.isIdempotent else { throw interruption.failure }
        }
        do {
            return try accepted(try await attempt(command))
        } catch let interruption as RedisInterruption {
            throw interruption.failure
        }
    }

    private func attempt(_ command: RedisCommand) async throws -> RedisReply {
        switch route {
        case .primary(let connection): try await connection.send(command)
        case .cluster(let cluster): try await cluster.send(command)
        }
    }

    private func accepted(_ reply: RedisReply) throws -> RedisReply {
        guard case .error(let refusal) = reply else { return reply }
        if refusal.code == "READONLY", case .primary(let connection) = route {
            // It was the primary; who is it now is asked while connecting.
            connection.reopen(refusal.failure)
        }
        throw refusal.failure
    }
}

extension RedisRefusal {
    /// As the domain knows it. Many are passing states of a server, and no fault of the command.
    var failure: Failure {
        switch code {
        case "OOM":
            Failure(.overloaded, "overloaded", "Redis is full; try again soon.", cause: self)
        case "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "MISCONF", "NOREPLICAS",
            "MOVED", "ASK", "NOAUTH", "NOPERM", "UNBLOCKED", "UNKILLABLE":
            Failure(.unavailable, "unavailable", "Redis cannot do that right now.", cause: self)
        default: Failure(.internal, "internal", "Something went wrong on our side.", cause: self)
        }
    }
}
