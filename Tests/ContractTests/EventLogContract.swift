import Kernel
import Testing

/// What every `EventLog` promises about keeping events.
@Suite struct EventLogContract {
    @Test(arguments: EventLogAdapter.all)
    func `an event is read as it was appended, once append has returned`(_ adapter: EventLogAdapter)
        async throws
    {
        try await adapter.run { stage in
            let event = Event(
                type: "video.uploaded", version: 3, tenant: TenantID(), key: "clé 🎬",
                time: Timestamp(milliseconds: 1_700_000_000_123), data: Array(#"{"a":1}"#.utf8),
                traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            try await stage.log.append([event])
            let consumer = try await stage.log.consumer(of: "group")
            #expect(try await stage.receive(1, from: consumer).map(\.event) == [event])
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `appending nothing changes nothing`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            try await stage.log.append([])
            #expect(try await stage.log.lag(of: "group") == ConsumerLag(events: 0, oldest: nil))
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `appended again, as after a failure, all events come and first come in order`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            let events = sameKey(6)
            try await stage.log.append(Array(events.prefix(4)))
            try await stage.log.append(events)
            let consumer = try await stage.log.consumer(of: "group")
            var first: [Event] = []
            while first.count < events.count {
                let deliveries = try await stage.receive(1, from: consumer)
                guard !deliveries.isEmpty else { break }
                first += deliveries.map(\.event).filter { !first.contains($0) }
            }
            #expect(first == events)
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `events of one key keep their order while many append at once`(_ adapter: EventLogAdapter)
        async throws
    {
        try await adapter.run { stage in
            let tenant = TenantID()
            let (writers, each) = (8, 30)
            let log = stage.log
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        for number in 0..<each {
                            try await log.append([.sample(tenant: tenant, key: "\(writer)", number: number)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let consumer = try await log.consumer(of: "group")
            var numbers: [String: [Int]] = [:]
            for delivery in try await stage.apply(writers * each, from: consumer, limit: 7) {
                numbers[delivery.event.key, default: []].append(delivery.event.number)
            }
            #expect(numbers.count == writers)
            for sequence in numbers.values { #expect(sequence == Array(0..<each)) }
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a new group starts at the oldest event, and groups do not disturb each other`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            let events = Event.samples(5)
            try await stage.log.append(events)
            for group in ["first", "second"] {
                let consumer = try await stage.log.consumer(of: group)
                let deliveries = try await stage.apply(5, from: consumer)
                #expect(deliveries.map(\.event).sorted { $0.number < $1.number } == events)
            }
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `the lag is what a group has not applied, and since when`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            let tenant = TenantID()
            let events = (0..<3).map { Event.sample(tenant: tenant, key: "same", number: $0) }
            #expect(try await stage.log.lag(of: "group") == ConsumerLag(events: 0, oldest: nil))
            try await stage.log.append(events)
            #expect(try await stage.log.lag(of: "group") == ConsumerLag(events: 3, oldest: events[0].time))

            let consumer = try await stage.log.consumer(of: "group")
            let deliveries = try await stage.receive(3, from: consumer)
            try #require(deliveries.count == 3)
            #expect(try await stage.log.lag(of: "group") == ConsumerLag(events: 3, oldest: events[0].time))
            #expect(try await consumer.commit(deliveries[1]))
            #expect(try await stage.log.lag(of: "group") == ConsumerLag(events: 1, oldest: events[2].time))
            #expect(try await consumer.commit(deliveries[2]))
            #expect(try await stage.log.lag(of: "group") == ConsumerLag(events: 0, oldest: nil))
            #expect(try await stage.log.lag(of: "another") == ConsumerLag(events: 3, oldest: events[0].time))
        }
    }
}

extension Event {
    /// Each a millisecond younger than the one before.
    static func sample(tenant: TenantID, key: String, number: Int) -> Event {
        Event(
            type: "sample.happened", version: 1, tenant: tenant, key: key,
            time: Timestamp(milliseconds: 1_700_000_000_000 + Int64(number)), data: Array("\(number)".utf8))
    }

    /// Of as many keys.
    static func samples(_ count: Int) -> [Event] {
        let tenant = TenantID()
        return (0..<count).map { .sample(tenant: tenant, key: "key \($0)", number: $0) }
    }

    var number: Int { Int(String(decoding: data, as: UTF8.self)) ?? -1 }
}
