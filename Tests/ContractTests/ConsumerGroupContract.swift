import Kernel
import Testing

/// What every `EventLog` promises to the members of a group together.
@Suite struct ConsumerGroupContract {
    @Test(arguments: EventLogAdapter.all)
    func `members share the partitions about equally`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            var members: [any EventConsumer] = []
            for count in 1...3 {
                members.append(try await stage.log.consumer(of: "group"))
                try await settle(members)
                let shares = try await shares(of: members, stage)
                let fair = stage.partitions / count...(stage.partitions + count - 1) / count
                for share in shares { #expect(fair.contains(share.count), "\(count) members: \(shares)") }
                #expect(shares.reduce(0) { $0 + $1.count } == stage.partitions)
                #expect(shares.reduce(into: Set<Int>()) { $0.formUnion($1) }.count == stage.partitions)
            }
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a member that closes gives its partitions back at once`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            let first = try await stage.log.consumer(of: "group")
            let second = try await stage.log.consumer(of: "group")
            try await settle([first, second])
            let events = Event.samples(60)
            try await stage.log.append(events)
            let inHand = try await first.poll(limit: 60, wait: .zero)
            #expect(!inHand.isEmpty)
            await first.close()
            let rest = try await drain(second)
            #expect(Set(rest.map(\.event.number)) == Set(0..<60))
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `what a dead member had in hand comes to another when its hold lapses`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            let dead = try await stage.log.consumer(of: "group")
            try await stage.log.append(sameKey(2))
            #expect(try await dead.poll(limit: 2, wait: .zero).count == 2)
            let other = try await stage.log.consumer(of: "group")
            #expect(try await other.poll(limit: 2, wait: .zero).isEmpty)
            try await stage.pass(stage.hold + .seconds(1))
            let again = try await drain(other)
            #expect(again.map(\.event.number) == [0, 1])
            #expect(again[0].attempt == 2)
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a commit after the partition has gone is refused and changes nothing`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run { stage in
            let late = try await stage.log.consumer(of: "group")
            try await stage.log.append(sameKey(2))
            let stale = try await late.poll(limit: 2, wait: .zero)
            try await stage.pass(stage.hold + .seconds(1))
            let other = try await stage.log.consumer(of: "group")
            let fresh = try await other.poll(limit: 2, wait: .zero)
            #expect(fresh.first?.event.number == 0)

            #expect(try await late.commit(stale[1]) == false)
            try await late.sendBack(stale[0], delay: .seconds(60))
            #expect(try await stage.log.lag(of: "group").events == 2)
            #expect(try await other.commit(fresh[0]))
            #expect(try await drain(other).map(\.event.number) == [1])
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a member that keeps polling keeps its partitions`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            let steady = try await stage.log.consumer(of: "group")
            try await stage.log.append(sameKey(1))
            let delivery = try #require(try await steady.poll(limit: 1, wait: .zero).first)
            for _ in 0..<6 {
                try await stage.pass(stage.hold * 0.6)
                #expect(try await steady.poll(limit: 1, wait: .zero).isEmpty)
            }
            let other = try await stage.log.consumer(of: "group")
            #expect(try await other.poll(limit: 1, wait: .zero).isEmpty)
            #expect(try await steady.commit(delivery))
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `sharing out anew applies nothing twice while all members live`(_ adapter: EventLogAdapter)
        async throws
    {
        try await adapter.run { stage in
            try await stage.log.append(Event.samples(200))
            var members: [any EventConsumer] = []
            var applied: [Int: Int] = [:]
            for _ in 0..<4 {
                members.append(try await stage.log.consumer(of: "group"))
                for _ in 0..<4 {
                    for member in members {
                        for delivery in try await member.poll(limit: 3, wait: .zero) {
                            guard try await member.commit(delivery) else { continue }
                            applied[delivery.event.number, default: 0] += 1
                        }
                    }
                }
            }
            for member in members {
                for delivery in try await drain(member) { applied[delivery.event.number, default: 0] += 1 }
            }
            #expect(applied == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, 1) }))
        }
    }

    /// Polls in turn until everybody has had the time to give up and take.
    private func settle(_ members: [any EventConsumer]) async throws {
        for _ in 0..<3 {
            for member in members { #expect(try await member.poll(limit: 1, wait: .zero).isEmpty) }
        }
    }

    /// The partitions whose events each member gets.
    private func shares(of members: [any EventConsumer], _ stage: EventLogStage) async throws -> [Set<Int>] {
        try await stage.log.append(Event.samples(stage.partitions * 30))
        var shares: [Set<Int>] = []
        for member in members { shares.append(Set(try await drain(member).map(\.partition))) }
        return shares
    }
}
