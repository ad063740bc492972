import Kernel
import Synchronization
import Testing

/// What every `EventLog` promises to the members of a group together.
@Suite struct ConsumerGroupContract {
    @Test(arguments: EventLogAdapter.all)
    func `members come to share the partitions about equally`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run(whereHoldsLapse: true) { stage in
            var members: [any EventConsumer] = []
            for count in 1...3 {
                members.append(try await stage.log.consumer(of: "group"))
                let fair = stage.partitions / count...(stage.partitions + count - 1) / count
                let shares = try await shares(of: members, stage) { shares in
                    shares.allSatisfy { fair.contains($0.count) }
                        && shares.reduce(0) { $0 + $1.count } == stage.partitions
                        && shares.reduce(into: Set<Int>()) { $0.formUnion($1) }.count == stage.partitions
                }
                #expect(shares.isFair, "\(count) members: \(shares.last)")
            }
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a member that closes gives its partitions back at once`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run { stage in
            let first = try await stage.log.consumer(of: "group")
            let second = try await stage.log.consumer(of: "group")
            let shares = try await shares(of: [first, second], stage) { $0.allSatisfy { !$0.isEmpty } }
            try #require(shares.isFair)
            let events = Event.samples(60)
            try await stage.log.append(events)
            let inHand = try await stage.receive(1, from: first)
            #expect(!inHand.isEmpty)
            await first.close()
            var missing = Set(events.map(\.id))
            while !missing.isEmpty {
                let applied = try await stage.apply(1, from: second)
                guard !applied.isEmpty else { break }
                missing.subtract(applied.map(\.event.id))
            }
            #expect(missing.isEmpty)
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `what a dead member had in hand comes to another when its hold lapses`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run(whereHoldsLapse: true) { stage in
            let dead = try await stage.log.consumer(of: "group")
            try await stage.log.append(sameKey(2))
            #expect(try await stage.receive(2, from: dead).count == 2)
            let other = try await stage.log.consumer(of: "group")
            #expect(try await stage.isSilent(other))
            try await stage.pass(stage.hold + .seconds(1))
            let again = try await stage.apply(2, from: other)
            #expect(again.map(\.event.number) == [0, 1])
            #expect(again.map(\.attempt) == [2, 1])
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a commit after the partition has gone is refused and changes nothing`(
        _ adapter: EventLogAdapter
    ) async throws {
        try await adapter.run(whereHoldsLapse: true) { stage in
            let late = try await stage.log.consumer(of: "group")
            try await stage.log.append(sameKey(2))
            let stale = try await stage.receive(2, from: late)
            try #require(stale.count == 2)
            try await stage.pass(stage.hold + .seconds(1))
            let other = try await stage.log.consumer(of: "group")
            let fresh = try #require(try await stage.receive(1, from: other).first)
            #expect(fresh.event.number == 0)

            #expect(try await late.commit(stale[1]) == false)
            try await late.sendBack(stale[0], delay: stage.delay * 2)
            let lag = try await stage.log.lag(of: "group")
            #expect(lag.events == 2)
            #expect(try await other.commit(fresh))
            #expect(try await stage.apply(1, from: other).map(\.event.number) == [1])
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `a member that keeps polling keeps its partitions`(_ adapter: EventLogAdapter) async throws {
        try await adapter.run(whereHoldsLapse: true) { stage in
            let steady = try await stage.log.consumer(of: "group")
            try await stage.log.append(sameKey(1))
            let delivery = try #require(try await stage.receive(1, from: steady).first)
            for _ in 0..<12 {
                try await stage.pass(stage.hold * 0.2)
                #expect(try await stage.isSilent(steady))
            }
            #expect(try await steady.commit(delivery))
            let other = try await stage.log.consumer(of: "group")
            #expect(try await stage.isSilent(other))
        }
    }

    @Test(arguments: EventLogAdapter.all)
    func `sharing out anew applies nothing twice while all members live`(_ adapter: EventLogAdapter)
        async throws
    {
        try await adapter.run { stage in
            let applied = Tally()
            let end = ContinuousClock.now + stage.patience
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    let member = try await stage.log.consumer(of: "group")
                    group.addTask {
                        while applied.count < 200, ContinuousClock.now < end {
                            for delivery in try await member.poll(limit: 3, wait: .milliseconds(50)) {
                                guard try await member.commit(delivery) else { continue }
                                applied.add(delivery.event.number)
                            }
                        }
                    }
                    try await stage.log.append(Array(Event.samples(200)[number * 50..<number * 50 + 50]))
                    try await Task.sleep(for: stage.silence)
                }
                try await group.waitForAll()
            }
            #expect(applied.times == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, 1) }))
        }
    }

    /// Those whose events come to a member until none comes to any; all poll until then, as live members do.
    private func partitions(
        of number: Int, in members: [any EventConsumer], _ quiet: Tally, _ stage: EventLogStage
    ) async throws -> Set<Int> {
        var partitions: Set<Int> = []
        while quiet.count < members.count {
            let deliveries = try await members[number].poll(limit: 20, wait: stage.silence)
            if deliveries.isEmpty { quiet.add(number) }
            for delivery in deliveries where try await members[number].commit(delivery) {
                partitions.insert(delivery.partition)
            }
        }
        return partitions
    }

    /// The partitions whose events each member gets, looked at again and again until they are fair.
    private func shares(
        of members: [any EventConsumer], _ stage: EventLogStage, until isFair: ([Set<Int>]) -> Bool
    ) async throws -> (isFair: Bool, last: [Set<Int>]) {
        let end = ContinuousClock.now + stage.patience
        var shares: [Set<Int>] = []
        repeat {
            try await stage.log.append(Event.samples(stage.partitions * 8))
            let quiet = Tally()
            shares = try await withThrowingTaskGroup(of: Set<Int>.self) { group in
                for number in members.indices {
                    group.addTask { try await partitions(of: number, in: members, quiet, stage) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            if isFair(shares) { return (true, shares) }
        } while ContinuousClock.now < end
        return (false, shares)
    }
}

/// How often something happened, by number, told by members side by side.
private final class Tally: Sendable {
    private let numbers = Mutex<[Int: Int]>([:])

    var times: [Int: Int] { numbers.withLock { $0 } }

    var count: Int { numbers.withLock { $0.count } }

    func add(_ number: Int) { numbers.withLock { $0[number, default: 0] += 1 } }
}
