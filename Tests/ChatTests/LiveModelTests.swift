import Kernel
import Testing

@testable import Chat

/// Random lives of a session and of a node's room, against what a client must see.
@Suite struct LiveModelTests {
    /// Small, fast and repeatable.
    struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// One connection to one room: answers come late and in any order, entries pass by or are lost on the way.
    private struct World {
        enum Late { case join(Int), page(Int, after: Int64) }

        var dice: Dice
        let room = RoomID()
        var session: ChatSession
        /// The newest entry that is stored, and the newest that passed by here.
        var (stored, passed): (Int64, Int64) = (0, 0)
        var late: [Late] = []
        var opened = 0
        /// What the client has, counting entries it was told to fetch.
        var has: Int64?
        var faults: [String] = []
        var now: Duration = .zero

        init(seed: UInt64) {
            dice = Dice(state: seed)
            session = LiveSessionTests.greeted()
        }

        mutating func step() {
            now += .milliseconds(500)
            session.heard(at: now)
            switch Int.random(in: 0..<10, using: &dice) {
            case 0...3: store()
            case 4: subscribe()
            case 5: if Int.random(in: 0..<3, using: &dice) == 0 { leave() }
            default: answer()
            }
        }

        mutating func store() {
            stored += 1
            // A node's feed is in order; lost hints are filled later, in a run.
            if Int.random(in: 0..<5, using: &dice) == 0 { return }
            while passed < stored {
                passed += 1
                // News that an event loop could not take is left out.
                if Int.random(in: 0..<8, using: &dice) > 0 { pass(passed) }
            }
        }

        mutating func pass(_ seq: Int64) {
            let (offer, ticket) = session.offer(room, seq)
            switch offer {
            case .skip: break
            case .deliver: got(seq)
            case .fetch(let after): late.append(.page(ticket, after: after))
            }
        }

        mutating func got(_ seq: Int64) {
            if let has, seq != has + 1 { faults.append("\(seq) behind \(has)") }
            has = seq
        }

        mutating func subscribe() {
            let after = has.map { max(0, $0 - Int64.random(in: 0...3, using: &dice)) }
            if session.cursors[room] == nil { has = after }
            act(session.handle(.frame(.subscribe(.init(room: room, afterSeq: after))), at: now))
        }

        mutating func leave() { act(session.handle(.frame(.unsubscribe(room)), at: now)) }

        mutating func answer() {
            guard !late.isEmpty else { return }
            switch late.remove(at: Int.random(in: late.indices, using: &dice)) {
            case .join(let ticket):
                opened += 1
                act(session.handle(.joined(room, ticket: ticket, lastSeq: passed), at: now))
            case .page(let ticket, let after):
                let end = min(passed, after + Int64.random(in: 1...4, using: &dice))
                let seqs = after < end ? after + 1...end : nil
                act(session.handle(.page(room, ticket: ticket, seqs: seqs, last: passed), at: now))
            }
        }

        mutating func act(_ actions: [ChatSession.Action]) {
            for action in actions {
                switch action {
                case .join(_, let ticket): late.append(.join(ticket))
                case .fetch(_, let ticket, let after): late.append(.page(ticket, after: after))
                case .deliver(_, let seqs): for seq in seqs { got(seq) }
                case .release: opened -= 1
                case .reply(.subscribed(let head)): if has == nil { has = head.lastSeq }
                case .reply(.gap(_, let from)):
                    if from != (has ?? 0) + 1 { faults.append("gap from \(from) behind \(has ?? 0)") }
                    // It fetches all there is.
                    has = max(has ?? 0, passed)
                case .close(let reason): faults.append("closed: \(reason)")
                default: break
                }
            }
        }
    }

    @Test(arguments: 0..<300) func `whatever comes late, a client misses nothing and gets nothing twice`(
        seed: UInt64
    ) {
        var world = World(seed: seed)
        for _ in 0..<400 { world.step() }
        if world.session.cursors[world.room] == nil { world.subscribe() }
        while world.passed < world.stored {
            world.passed += 1
            world.pass(world.passed)
        }
        while !world.late.isEmpty { world.answer() }
        // One more entry shows whether the room is live.
        world.stored += 1
        world.passed += 1
        world.pass(world.passed)
        while !world.late.isEmpty { world.answer() }
        #expect(world.faults.isEmpty, "\(world.faults.prefix(3))")
        #expect(world.has == world.stored)
        #expect(world.opened == 1, "a room is let go exactly as often as it is opened")
    }

    @Test(arguments: 0..<300) func `a room's entries are told in order, whatever way they come`(seed: UInt64)
    {
        var dice = Dice(state: seed)
        var sequence = RoomSequence<Int64>(last: 0)
        var (told, stored, fills): ([Int64], Int64, [Int64]) = ([], 0, [])
        var onTheWay: [Int64] = []
        var now: Duration = .zero
        func take(_ actions: [RoomSequence<Int64>.Action]) {
            for action in actions {
                switch action {
                case .deliver(let run):
                    for (seq, entry) in run {
                        #expect(seq == entry)
                        told.append(seq)
                    }
                case .fill(let after): fills.append(after)
                }
            }
        }
        func step(_ choice: Int) {
            now += .milliseconds(20)
            switch choice {
            case 0, 1:
                stored += 1
                // Lost, once, or doubled.
                onTheWay += Array(repeating: stored, count: Int.random(in: 0...2, using: &dice))
            case 2, 3, 4:
                guard !onTheWay.isEmpty else { return }
                let seq = onTheWay.remove(at: Int.random(in: onTheWay.indices, using: &dice))
                take(sequence.arrived(seq, seq, at: now))
            case 5: take(sequence.due(at: now))
            case 6:
                guard let after = fills.popLast() else { return }
                if Int.random(in: 0..<4, using: &dice) == 0 { return sequence.fillFailed(at: now) }
                let end = min(stored, after + 5)
                take(sequence.filled(after < end ? (after + 1...end).map { ($0, $0) } : [], at: now))
            default: take(sequence.told(stored, at: now))
            }
        }
        for _ in 0..<600 { step(Int.random(in: 0..<8, using: &dice)) }
        for _ in 0..<200 {
            now += .seconds(1)
            take(sequence.told(stored, at: now))
            if let after = fills.popLast() {
                let end = min(stored, after + 5)
                take(sequence.filled(after < end ? (after + 1...end).map { ($0, $0) } : [], at: now))
            }
        }
        #expect(told == Array(1...max(1, stored)))
        #expect(sequence.isWhole && sequence.heldCount == 0)
    }

    @Test func `early entries wait a moment before the store is asked, and are few`() {
        var sequence = RoomSequence<Int>(last: 0)
        #expect(sequence.arrived(3, 3, at: .zero).isEmpty)
        #expect(sequence.due(at: .milliseconds(99)).isEmpty)
        guard case .fill(after: 0)? = sequence.due(at: .milliseconds(100)).first else {
            Issue.record("nothing was asked")
            return
        }
        #expect(sequence.due(at: .seconds(1)).isEmpty, "one question at a time")
        for seq in 4...1_000 { _ = sequence.arrived(Int64(seq), seq, at: .zero) }
        #expect(sequence.heldCount == 256)
    }
}
