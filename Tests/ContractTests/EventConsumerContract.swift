import Kernel
import Testing

/// What every `EventLog` promises to one member of a group.
@Suite struct EventConsumerContract {
    @Test(arguments: EventLogAdapter.all)
    func `a poll hands out at most its limit, each partition in order`(_ adapter: EventLogAdapter)
        async throws
    {
        try await adapter.run { stage in
            try await stage.log.append(Event.samples(40))
            let consumer = try await stage.log.consumer(of: "group")
            var positions: [Int: [Int64]] = [:]
            var count = 0
            while true {
                let deliveries = try await consumer.poll(limit: 6, wait: .zero)
                #expect(deliveries.count <= 6)
                if deliveries.isEmpty { break }
                for delivery in deliveries {
                    positions[delivery.partition, default: []].append(delivery.position)
                }
                count += deliveries.count
            }
            #expect(count == 40)
            for sequence in positions.values { #expect(sequence == sequence.sorted()) }
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a poll waits for an event`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            let consumer = try await stage.log.consumer(of: "group")
            async let polled = consumer.poll(limit: 10, wait: .seconds(60))
            let events = Event.samples(1)
            try await Task.sleep(for: .milliseconds(50))
            try await stage.log.append(events)
            #expect(try await polled.map(\.event) == events)
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a poll that waited in vain is empty`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            let consumer = try await stage.log.consumer(of: "group")
            #expect(try await consumer.poll(limit: 10, wait: .milliseconds(30)).isEmpty)
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `what was polled does not come again while it is in hand`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(4))
            let consumer = try await stage.log.consumer(of: "group")
            let first = try await consumer.poll(limit: 2, wait: .zero)
            let second = try await consumer.poll(limit: 9, wait: .zero)
            #expect((first + second).map(\.event.number) == [0, 1, 2, 3])
            #expect(try await consumer.commit(first[0]))
            #expect(try await consumer.poll(limit: 9, wait: .zero).isEmpty)
            #expect(try await consumer.commit(second[1]))
            #expect(try await consumer.poll(limit: 9, wait: .zero).isEmpty)
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a commit covers all before it, and what is behind it comes again after close`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(3))
            let consumer = try await stage.log.consumer(of: "group")
            let deliveries = try await consumer.poll(limit: 3, wait: .zero)
            #expect(try await consumer.commit(deliveries[1]))
            await consumer.close()
            let next = try await stage.log.consumer(of: "group")
            #expect(try await next.poll(limit: 3, wait: .zero).map(\.event.number) == [2])
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `an event sent back comes again one attempt older, with all behind it`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(3))
            let consumer = try await stage.log.consumer(of: "group")
            let first = try await consumer.poll(limit: 3, wait: .zero)
            #expect(first.map(\.attempt) == [1, 1, 1])
            for attempt in 2...4 {
                try await consumer.sendBack(first[0], delay: .zero)
                let again = try #require(try await consumer.poll(limit: 3, wait: .zero).first)
                #expect(again.event == first[0].event)
                #expect(again.attempt == attempt)
            }
            #expect(try await consumer.commit(first[0]))
            let rest = try await drain(consumer)
            #expect(rest.map(\.event.number) == [1, 2])
            #expect(rest.map(\.attempt) == [1, 1])
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `an event sent back behind one in hand comes again, and the one in hand does not`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(3))
            let consumer = try await stage.log.consumer(of: "group")
            let first = try await consumer.poll(limit: 3, wait: .zero)
            try await consumer.sendBack(first[1], delay: .zero)
            let again = try #require(try await consumer.poll(limit: 3, wait: .zero).first)
            #expect(again.event == first[1].event)
            #expect(again.attempt == 2)
            #expect(try await consumer.commit(first[0]))
            try await consumer.sendBack(again, delay: .zero)
            let third = try #require(try await consumer.poll(limit: 3, wait: .zero).first)
            #expect(third.event == first[1].event)
            #expect(third.attempt == 3)
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `an event sent back waits for its delay and holds up its partition only`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(2))
            let consumer = try await stage.log.consumer(of: "group")
            let first = try await consumer.poll(limit: 2, wait: .zero)
            try await consumer.sendBack(first[0], delay: .seconds(10))
            #expect(try await consumer.poll(limit: 2, wait: .zero).isEmpty)

            try await stage.log.append(Event.samples(50))
            let others = try await drain(consumer)
            #expect(!others.isEmpty)
            #expect(!others.contains { $0.partition == first[0].partition })

            try await stage.pass(.seconds(9))
            #expect(try await drain(consumer).isEmpty)
            try await stage.pass(.seconds(2))
            let again = try await drain(consumer)
            #expect(again.prefix(2).map(\.event.number) == [0, 1])
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a try that killed its member counts`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(1))
            for attempt in 1...3 {
                let doomed = try await stage.log.consumer(of: "group")
                let delivery = try #require(try await doomed.poll(limit: 1, wait: .zero).first)
                #expect(delivery.attempt == attempt)
                try await stage.pass(stage.hold + .seconds(1))
            }
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `an event that kills its members is found out, though it stood behind others`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(6))
            var worst = 0
            for _ in 0..<12 where worst < 4 {
                let doomed = try await stage.log.consumer(of: "group")
                life: while true {
                    for delivery in try await doomed.poll(limit: 10, wait: .zero) {
                        #expect(delivery.attempt <= 2 || delivery.event.number == 3)
                        if delivery.event.number == 3 {
                            worst = delivery.attempt
                            break life
                        }
                        #expect(try await doomed.commit(delivery))
                    }
                }
                try await stage.pass(stage.hold + .seconds(1))
            }
            #expect(worst == 4)
        }
    }
}

/// Events of one key, and so of one partition.
func sameKey(_ count: Int) -> [Event] {
    let tenant = TenantID()
    return (0..<count).map { .sample(tenant: tenant, key: "same", number: $0) }
}

/// Everything there is now, committed.
func drain(_ consumer: any EventConsumer) async throws -> [Delivery] {
    var all: [Delivery] = []
    while true {
        let deliveries = try await consumer.poll(limit: 20, wait: .zero)
        if deliveries.isEmpty { return all }
        all += deliveries
        for delivery in deliveries { #expect(try await consumer.commit(delivery)) }
    }
}
