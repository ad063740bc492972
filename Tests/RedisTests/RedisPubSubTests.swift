import Kernel
import Testing

@testable import Redis

/// Messages between processes, and what becomes of subscribers when something fails.
@Suite(.enabled(if: RedisServer.isInstalled, "redis-server is not installed"), .timeLimit(.minutes(5)))
struct RedisPubSubTests {
    /// Two processes, so to speak.
    private func withPubSub(_ settings: RedisSettings, _ test: (RedisPubSub) async throws -> Void)
        async throws
    {
        try await withClient(settings) { client async throws in
            let pubSub = RedisPubSub(client: client)
            do {
                try await test(pubSub)
            } catch {
                await pubSub.close()
                throw error
            }
            await pubSub.close()
        }
    }

    @Test func `ten thousand channels are listened to by one connection`() async throws {
        try await withServer { server async throws in
            try await withPubSub(server.settings) { pubSub async throws in
                let subscriptions = try await withThrowingTaskGroup(
                    of: (Int, any AsyncSequence<[UInt8], Never> & Sendable).self
                ) { group in
                    for number in 0..<10_000 {
                        group.addTask { (number, try await pubSub.subscribe("\(number)", capacity: 4)) }
                    }
                    return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
                #expect(pubSub.channelCount == 10_000)
                for number in [0, 1, 4_999, 9_999] {
                    try await pubSub.publish("\(number)", Array("\(number)".utf8))
                    var iterator = try #require(subscriptions[number]).makeAsyncIterator()
                    #expect(await iterator.next(isolation: nil) == Array("\(number)".utf8))
                }
                withExtendedLifetime(subscriptions) {}
                let clients = try await withClient(server.settings) { client async throws in
                    try await client.send(
                        RedisCommand(
                            name: "CLIENT", leading: [.text("LIST"), .text("TYPE"), .text("pubsub")])
                    ).text
                }
                #expect(clients?.split(separator: "\n").count == 1)
            }
        }
    }

    @Test func `channels that nobody listens to any more are left`() async throws {
        try await withServer { server async throws in
            try await withPubSub(server.settings) { pubSub async throws in
                for round in 0..<3 {
                    for number in 0..<200 { _ = try await pubSub.subscribe("\(number)", capacity: round + 1) }
                }
                #expect(try await eventually { pubSub.channelCount == 0 })
                let kept = try await pubSub.subscribe("kept", capacity: 1)
                let waiter = Task { for await _ in try await pubSub.subscribe("cancelled", capacity: 1) {} }
                #expect(try await eventually { pubSub.channelCount == 2 })
                waiter.cancel()
                try await waiter.value
                #expect(try await eventually { pubSub.channelCount == 1 })
                withExtendedLifetime(kept) {}
            }
        }
    }

    @Test func `who comes and goes at once never misses what is published behind`() async throws {
        try await withServer { server async throws in
            try await withPubSub(server.settings) { pubSub async throws in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<8 {
                        group.addTask {
                            for round in 0..<50 {
                                let message = [UInt8(task), UInt8(round)]
                                let subscription = try await pubSub.subscribe("a", capacity: 1000)
                                try await pubSub.publish("a", message)
                                #expect(await first(of: subscription) { $0 == message } == message)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await eventually { pubSub.channelCount == 0 })
            }
        }
    }

    @Test func `a slow subscriber is cut and keeps no more than its capacity`() async throws {
        try await withServer { server async throws in
            try await withPubSub(server.settings) { pubSub async throws in
                let slow = try await pubSub.subscribe("a", capacity: 10)
                let quick = try await pubSub.subscribe("b", capacity: 10)
                for number in 0..<1000 { try await pubSub.publish("a", [UInt8(truncatingIfNeeded: number)]) }
                #expect(try await eventually { pubSub.channelCount == 1 })
                var messages: [[UInt8]] = []
                for await message in slow { messages.append(message) }
                #expect(messages == (0..<10).map { [UInt8($0)] })
                try await pubSub.publish("b", [1])
                #expect(await first(of: quick) == [1])
            }
        }
    }

    @Test func `more channels than allowed are refused`() async throws {
        try await withServer { server async throws in
            var settings = server.settings
            settings.maximumChannels = 2
            try await withPubSub(settings) { pubSub async throws in
                let first = try await pubSub.subscribe("a", capacity: 1)
                let second = try await pubSub.subscribe("b", capacity: 1)
                let third = try await pubSub.subscribe("b", capacity: 1)
                #expect(
                    await failure { _ = try await pubSub.subscribe("c", capacity: 1) }?.code == "overloaded")
                withExtendedLifetime((first, second, third)) {}
            }
        }
    }

    @Test func `streams end with the connection, and who subscribes again goes on`() async throws {
        try await withServer { server async throws in
            try await FaultyLine.run(to: server.port) { line async throws in
                var settings = server.settings
                settings.url = "redis://127.0.0.1:\(line.port)"
                try await withPubSub(settings) { pubSub async throws in
                    let subscriptions = [
                        try await pubSub.subscribe("a", capacity: 10),
                        try await pubSub.subscribe("b", capacity: 10),
                    ]
                    // Once that of b has come, that of a has: they come over one connection.
                    try await pubSub.publish("a", [1])
                    try await pubSub.publish("b", [2])
                    #expect(await first(of: subscriptions[1]) == [2])
                    line.cut()
                    #expect(await all(of: subscriptions[0]) == [[1]])
                    #expect(await all(of: subscriptions[1]) == [])
                    let again = try await subscribed(pubSub, "a")
                    #expect(
                        try await eventually { await failure { try await pubSub.publish("a", [2]) } == nil })
                    #expect(await first(of: again) == [2])
                }
            }
        }
    }

    @Test func `a listening connection that died silently is noticed`() async throws {
        try await withServer { server async throws in
            try await FaultyLine.run(to: server.port) { line async throws in
                var settings = server.settings
                settings.url = "redis://127.0.0.1:\(line.port)"
                settings.heartbeat = .seconds(2)
                try await withPubSub(settings) { pubSub async throws in
                    let subscription = try await subscribed(pubSub, "a")
                    // Several beats are answered.
                    try await Task.sleep(for: .milliseconds(4_500))
                    #expect(pubSub.channelCount == 1 && line.connectionCount == 2)
                    line.set(.hold)
                    #expect(await all(of: subscription) == [])
                }
            }
        }
    }

    @Test func `a server that is gone refuses subscribers and publishers`() async throws {
        try await withServer { server async throws in
            try await withPubSub(server.settings) { pubSub async throws in
                let subscription = try await pubSub.subscribe("a", capacity: 10)
                await server.stop()
                #expect(await all(of: subscription) == [])
                #expect(
                    try await eventually {
                        await failure { _ = try await pubSub.subscribe("a", capacity: 1) }?.code
                            == "unavailable"
                    })
                #expect(await failure { try await pubSub.publish("a", []) }?.isTransient == true)
                try await server.launch()
                let again = try await subscribed(pubSub, "a")
                #expect(try await eventually { await failure { try await pubSub.publish("a", [3]) } == nil })
                #expect(await first(of: again) == [3])
            }
        }
    }

    @Test func `closing ends streams and refuses`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let pubSub = RedisPubSub(client: client)
                let subscription = try await pubSub.subscribe("a", capacity: 1)
                await pubSub.close()
                #expect(await all(of: subscription) == [])
                #expect(
                    await failure { _ = try await pubSub.subscribe("a", capacity: 1) }?.code == "unavailable")
                await pubSub.close()
            }
        }
    }

    @Test func `a message beyond the bound is refused`() async throws {
        try await withServer { server async throws in
            var settings = server.settings
            settings.maximumValueBytes = 100
            try await withPubSub(settings) { pubSub async throws in
                let message = [UInt8](repeating: 1, count: 101)
                #expect(await failure { try await pubSub.publish("a", message) }?.code == "too_large")
            }
        }
    }

    private func first(
        of subscription: any AsyncSequence<[UInt8], Never> & Sendable,
        where isWanted: ([UInt8]) -> Bool = { _ in true }
    ) async -> [UInt8]? {
        for await message in subscription where isWanted(message) { return message }
        return nil
    }

    private func all(of subscription: any AsyncSequence<[UInt8], Never> & Sendable) async -> [[UInt8]] {
        var messages: [[UInt8]] = []
        for await message in subscription { messages.append(message) }
        return messages
    }

    private func subscribed(
        _ pubSub: RedisPubSub, _ channel: String
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            do {
                return try await pubSub.subscribe(channel, capacity: 10)
            } catch let failure as Failure where failure.isTransient && ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }
}
