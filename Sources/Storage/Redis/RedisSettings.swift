package import Kernel

/// How Redis is reached, and how much is asked of it.
package struct RedisSettings: Sendable {
    /// `redis://`, `rediss://`, `redis-sentinel://` or `redis-cluster://`, as `RedisAddress.init(parsing:)` reads them.
    package var url: String
    /// Stands before every key and channel, so that several systems may share a server.
    package var keyPrefix = "cloudstream:"
    /// As `CLIENT LIST` shows it.
    package var clientName = "cloudstream"
    /// For one attempt: name, TCP, TLS, login.
    package var connectDeadline: Duration = .seconds(2)
    /// From sending to the reply. A connection whose oldest command passes it is given up. With a reconnect and a second
    /// try of what may be repeated, a call lasts at most twice this and once `connectDeadline`.
    package var commandDeadline: Duration = .seconds(1)
    /// Commands of one connection that wait for a reply; more are `overloaded`.
    package var maximumInFlight = 10_000
    /// Bytes of those commands.
    package var maximumInFlightBytes = 64 << 20
    /// Of a value in the cache, and of a message.
    package var maximumValueBytes = 1 << 20
    /// Of one reply, whoever sends it; more ends the connection. A value of the largest size always fits.
    package var maximumReplyBytes = 4 << 20
    /// Channels that one process listens to.
    package var maximumChannels = 100_000
    /// How often a connection that only listens is asked whether it is alive; one silence of that length ends it.
    package var heartbeat: Duration = .seconds(10)
    /// Hops of one command through a cluster.
    package var maximumRedirects = 5
    package var reconnect = Backoff(first: .milliseconds(50), maximum: .seconds(5))

    package init(url: String) { self.url = url }
}
