import Kernel
import Testing

/// What every `PubSub` promises.
@Suite(.timeLimit(.minutes(5))) struct PubSubContract {
    @Test(arguments: PubSubAdapter.all)
    func `subscribers get what is published after they subscribed, in order`(_ adapter: PubSubAdapter)
        async throws
    {
        try await adapter.run { pubSub in
            try await pubSub.publish("a", [0])
            let first = try await pubSub.subscribe("a", capacity: 100)
            let second = try await pubSub.subscribe("a", capacity: 100)
            for number in 1...50 { try await pubSub.publish("a", [UInt8(number)]) }
            for subscription in [first, second] {
                #expect(await received(50, of: subscription) == (1...50).map { [UInt8($0)] })
            }
        }
    }

    @Test(arguments: PubSubAdapter.all)
    func `a message reaches its channel only`(_ adapter: PubSubAdapter) async throws {
        try await adapter.run { pubSub in
            let subscription = try await pubSub.subscribe("a", capacity: 10)
            try await pubSub.publish("b", [1])
            try await pubSub.publish("a", [])
            try await pubSub.publish("a", [2])
            #expect(await received(2, of: subscription) == [[], [2]])
        }
    }

    @Test(arguments: PubSubAdapter.all)
    func `messages of one publisher stay in order among others`(_ adapter: PubSubAdapter) async throws {
        try await adapter.run { pubSub in
            let subscription = try await pubSub.subscribe("a", capacity: 1000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for publisher in 0..<4 {
                    group.addTask {
                        for number in 0..<100 {
                            try await pubSub.publish("a", [UInt8(publisher), UInt8(number)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let messages = await received(400, of: subscription)
            for publisher in 0..<4 {
                let own = messages.filter { $0[0] == UInt8(publisher) }.map { $0[1] }
                #expect(own == (0..<100).map { UInt8($0) })
            }
        }
    }

    @Test(arguments: PubSubAdapter.all)
    func `a waiting subscriber is woken`(_ adapter: PubSubAdapter) async throws {
        try await adapter.run { pubSub in
            let subscription = try await pubSub.subscribe("a", capacity: 1)
            let waiter = Task { await received(1, of: subscription) }
            try await Task.sleep(for: .milliseconds(20))
            try await pubSub.publish("a", [1])
            #expect(await waiter.value == [[1]])
        }
    }

    @Test(arguments: PubSubAdapter.all)
    func `who falls behind by the capacity is cut, others are not`(_ adapter: PubSubAdapter) async throws {
        try await adapter.run { pubSub in
            let slow = try await pubSub.subscribe("a", capacity: 3)
            let other = try await pubSub.subscribe("a", capacity: 1000)
            for number in 0..<100 { try await pubSub.publish("a", [UInt8(number)]) }
            #expect(await received(1000, of: slow).count < 100)
            #expect(await received(100, of: other).count == 100)
        }
    }

    @Test(arguments: PubSubAdapter.all)
    func `who keeps pace is not cut`(_ adapter: PubSubAdapter) async throws {
        try await adapter.run { pubSub in
            let subscription = try await pubSub.subscribe("a", capacity: 3)
            var iterator = subscription.makeAsyncIterator()
            for number in 0..<100 {
                try await pubSub.publish("a", [UInt8(number)])
                #expect(await iterator.next(isolation: nil) == [UInt8(number)])
            }
        }
    }

    @Test(arguments: PubSubAdapter.all)
    func `cancelling who waits ends the stream`(_ adapter: PubSubAdapter) async throws {
        try await adapter.run { pubSub in
            let subscription = try await pubSub.subscribe("a", capacity: 1)
            let waiter = Task { await received(1, of: subscription) }
            try await Task.sleep(for: .milliseconds(20))
            waiter.cancel()
            #expect(await waiter.value == [])
        }
    }

    @Test(arguments: PubSubAdapter.all)
    func `publishing where nobody listens is fine`(_ adapter: PubSubAdapter) async throws {
        try await adapter.run { pubSub in
            do {
                let subscription = try await pubSub.subscribe("a", capacity: 1)
                try await pubSub.publish("a", [1])
                _ = await received(1, of: subscription)
            }
            for _ in 0..<10 { try await pubSub.publish("a", [2]) }
        }
    }
}

/// The first `count` messages, fewer if the stream ends.
private func received(_ count: Int, of messages: any AsyncSequence<[UInt8], Never> & Sendable) async
    -> [[UInt8]]
{
    var received: [[UInt8]] = []
    for await message in messages {
        received.append(message)
        if received.count == count { break }
    }
    return received
}
