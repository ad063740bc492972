import Kernel
import Testing

@testable import Redis

/// The budget that all processes share.
@Suite(.enabled(if: RedisServer.isInstalled, "redis-server is not installed"), .timeLimit(.minutes(5)))
struct RedisRateLimiterTests {
    @Test func `scripts are known by their hashes`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                for script in [RedisRateLimiter.budget, RedisCache.exchange] {
                    let reply = try await client.send(
                        RedisCommand(name: "SCRIPT", leading: [.text("LOAD"), .text(script.text)]))
                    #expect(reply.text == script.hash)
                }
            }
        }
    }

    @Test func `limiters on two connections share one budget exactly`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { first async throws in
                try await withClient(server.settings) { second async throws in
                    let limiters = [RedisRateLimiter(client: first), RedisRateLimiter(client: second)]
                    for round in 0..<20 {
                        let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                            for caller in 0..<60 {
                                group.addTask {
                                    try await limiters[caller % 2].take(
                                        "\(round)", limit: 25, per: .seconds(600)) == nil
                                }
                            }
                            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                        }
                        #expect(taken == 25)
                    }
                }
            }
        }
    }

    @Test func `a script that is forgotten is sent again`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let limiter = RedisRateLimiter(client: client)
                for _ in 0..<5 {
                    #expect(try await limiter.take("k", limit: 5, per: .seconds(600)) == nil)
                    _ = try await client.send(RedisCommand(name: "SCRIPT", leading: [.text("FLUSH")]))
                }
                #expect(try await limiter.take("k", limit: 5, per: .seconds(600)) != nil)
            }
        }
    }

    @Test func `a budget is forgotten once it is full, in real time`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let limiter = RedisRateLimiter(client: client)
                #expect(try await limiter.take("k", limit: 1, per: .seconds(5)) == nil)
                let wait = try #require(try await limiter.take("k", limit: 1, per: .seconds(5)))
                #expect(wait > .zero && wait <= .seconds(5))
                try await Task.sleep(for: wait)
                #expect(try await limiter.take("k", limit: 1, per: .seconds(5)) == nil)
                #expect(
                    try await eventually {
                        try await client.send(RedisCommand(name: "DBSIZE")) == .integer(0)
                    })
            }
        }
    }
}
