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
            while count < 40 {
                let deliveries = try await consumer.poll(limit: 6, wait: stage.patience)
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
            let first = try await stage.receive(2, from: consumer)
            let second = try await stage.receive(2, from: consumer)
            try #require((first + second).map(\.event.number) == [0, 1, 2, 3])
            #expect(try await consumer.commit(first[0]))
            #expect(try await stage.isSilent(consumer))
            #expect(try await consumer.commit(second[1]))
            #expect(try await stage.isSilent(consumer))
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a commit covers all before it, and what is behind it comes again after close`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(3))
            let consumer = try await stage.log.consumer(of: "group")
            let deliveries = try await stage.receive(3, from: consumer)
            try #require(deliveries.count == 3)
            #expect(try await consumer.commit(deliveries[1]))
            await consumer.close()
            let next = try await stage.log.consumer(of: "group")
            #expect(try await stage.receive(1, from: next).map(\.event.number) == [2])
            #expect(try await stage.isSilent(next))
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `an event sent back comes again one attempt older and alone, then all behind it`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            try await stage.log.append(sameKey(3))
            let consumer = try await stage.log.consumer(of: "group")
            let first = try await stage.receive(3, from: consumer)
            try #require(first.map(\.attempt) == [1, 1, 1])
            for attempt in 2...4 {
                try await consumer.sendBack(first[0], delay: .zero)
                let again = try await consumer.poll(limit: 3, wait: stage.patience)
                #expect(again.map(\.event) == [first[0].event])
                #expect(again.map(\.attempt) == [attempt])
            }
            #expect(try await consumer.commit(first[0]))
            let rest = try await stage.apply(2, from: consumer)
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
            let first = try await stage.receive(3, from: consumer)
            try #require(first.count == 3)
            try await consumer.sendBack(first[1], delay: .zero)
            let again = try #require(try await consumer.poll(limit: 3, wait: stage.patience).first)
            #expect(again.event == first[1].event)
            #expect(again.attempt == 2)
            #expect(try await consumer.commit(first[0]))
            try await consumer.sendBack(again, delay: .zero)
            let third = try #require(try await consumer.poll(limit: 3, wait: stage.patience).first)
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
            let first = try await stage.receive(2, from: consumer)
            try #require(first.count == 2)
            try await stage.log.append(Event.samples(50))
            let sent = stage.now()
            try await consumer.sendBack(first[0], delay: stage.delay)
            // Nothing of its partition, unless all of this took so long that it was due.
            let others = try await stage.drain(consumer)
            var held = others.filter { $0.partition == first[0].partition }
            #expect(others.count > held.count)
            #expect(held.isEmpty || stage.now() - sent >= stage.delay)

            try await stage.pass(stage.delay * 0.4)
            for delivery in try await consumer.poll(limit: 1, wait: stage.silence) {
                #expect(stage.now() - sent >= stage.delay)
                #expect(try await consumer.commit(delivery))
                held.append(delivery)
            }
            try await stage.pass(stage.delay * 0.7)
            if held.count < 2 { held += try await stage.apply(2 - held.count, from: consumer) }
            #expect(held.prefix(2).map(\.event.number) == [0, 1])
            #expect(held.prefix(2).map(\.attempt) == [2, 1])
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a try that killed its member counts`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run(whereHoldsLapse: true) { stage in
            try await stage.log.append(sameKey(1))
            for attempt in 1...3 {
                let doomed = try await stage.log.consumer(of: "group")
                let delivery = try #require(try await stage.receive(1, from: doomed).first)
                #expect(delivery.attempt == attempt)
                try await stage.pass(stage.hold + .seconds(1))
            }
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `an event that kills its members is found out, though it stood behind others`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run(whereHoldsLapse: true) { stage in
            try await stage.log.append(sameKey(6))
            var worst = 0
            for _ in 0..<12 where worst < 4 {
                let doomed = try await stage.log.consumer(of: "group")
                life: while true {
                    let deliveries = try await doomed.poll(limit: 10, wait: stage.patience)
                    try #require(!deliveries.isEmpty)
                    for delivery in deliveries {
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
