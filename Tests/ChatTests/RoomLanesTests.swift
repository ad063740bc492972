import Kernel
import Synchronization
import TestDatabase
import Testing

@testable import Chat

@Suite struct RoomLanesTests {
    private static let key = RoomLanes.Key(tenant: TenantID(), room: RoomID())
    private static let caller = Caller(tenant: key.tenant, user: UserID(), role: .member)

    private static func change(_ name: String) -> RoomChange {
        RoomChange(caller: caller, kind: .send(MessageDraft(body: name, clientID: name)))
    }

    private static func verdict(_ change: RoomChange, _ seq: Int64) -> RoomVerdict {
        guard case .send(let draft) = change.kind else { return .refused(.notFound("message")) }
        return .entered(
            Message(
                roomID: key.room, seq: seq, id: MessageID(), clientID: draft.clientID,
                author: change.caller.user, body: draft.body, sentAt: .now()), isNew: true)
    }

    /// Holds the work of a lane until a test lets it go on.
    private final class Gate: Sendable {
        let isOpen = Atomic(false)
        let batches = Mutex<[[RoomChange]]>([])

        func pass(_ changes: [RoomChange]) async throws {
            batches.withLock { $0.append(changes) }
            _ = try await eventually { isOpen.load(ordering: .relaxed) }
        }

        var sizes: [Int] { batches.withLock { $0.map(\.count) } }
    }

    private static func lanes(
        _ gate: Gate, limits: RoomLanes.Board.Limits = .init(), failing: (any Error)? = nil
    ) -> RoomLanes {
        RoomLanes(limits) { _, changes in
            try await gate.pass(changes)
            if let failing { throw failing }
            Consistency.current?.advance("store", to: 7)
            return changes.enumerated().map { verdict($1, Int64($0 + 1)) }
        } notify: { _, _ in
        }
    }

    @Test func `those who come while one is at work go together, each with the answer to its own`()
        async throws
    {
        let gate = Gate()
        let lanes = Self.lanes(gate)
        try await withThrowingTaskGroup(of: (String, String?).self) { group in
            func submit(_ name: String) {
                group.addTask {
                    let verdict = try await lanes.submit(Self.change(name), to: Self.key)
                    return (name, try verdict.message().message.body)
                }
            }
            submit("first")
            #expect(try await eventually { gate.sizes == [1] })
            for number in 0..<20 { submit("\(number)") }
            // All have come once the lane holds them; they wait behind the first.
            try await Task.sleep(for: .milliseconds(50))
            gate.isOpen.store(true, ordering: .relaxed)
            for try await (name, body) in group { #expect(body == name) }
        }
        #expect(gate.sizes.reduce(0, +) == 21)
        #expect(gate.sizes.count < 10)
        #expect(try await eventually { lanes.count == 0 })
    }

    @Test func `a session has seen what its lane has stored`() async throws {
        let gate = Gate()
        gate.isOpen.store(true, ordering: .relaxed)
        let session = Consistency()
        _ = try await Consistency.$current.withValue(session) {
            try await Self.lanes(gate).submit(Self.change("a"), to: Self.key)
        }
        #expect(session.position(in: "store") == 7)
    }

    @Test func `one that gives up ends at once and takes nobody with it`() async throws {
        let gate = Gate()
        let lanes = Self.lanes(gate)
        async let first = lanes.submit(Self.change("first"), to: Self.key)
        #expect(try await eventually { gate.sizes == [1] })
        let second = Task { try await lanes.submit(Self.change("second"), to: Self.key) }
        async let third = lanes.submit(Self.change("third"), to: Self.key)
        try await Task.sleep(for: .milliseconds(20))
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        gate.isOpen.store(true, ordering: .relaxed)
        #expect(try await first.message().message.body == "first")
        #expect(try await third.message().message.body == "third")
        #expect(gate.batches.withLock { $0.flatMap(\.self).count } == 2)
    }

    @Test func `cancelled before it has begun, it leaves no lane behind`() async throws {
        let gate = Gate()
        gate.isOpen.store(true, ordering: .relaxed)
        let lanes = Self.lanes(gate)
        for _ in 0..<50 {
            let task = Task { try await lanes.submit(Self.change("a"), to: Self.key) }
            task.cancel()
            // Either outcome is right, by when the cancellation comes.
            _ = try? await task.value
        }
        #expect(try await eventually { lanes.count == 0 })
    }

    @Test func `where a store fails all who shared its transaction are told so, and the lane goes on`()
        async throws
    {
        let gate = Gate()
        gate.isOpen.store(true, ordering: .relaxed)
        let lanes = Self.lanes(gate, failing: Failure.unavailable("The store"))
        for _ in 0..<3 {
            let failure = await #expect(throws: Failure.self) {
                try await lanes.submit(Self.change("a"), to: Self.key)
            }
            #expect(failure?.code == "unavailable")
        }
    }

    @Test func `where too many wait the next is refused as overloaded`() async throws {
        let gate = Gate()
        var limits = RoomLanes.Board.Limits()
        limits.waiting = 2
        let lanes = Self.lanes(gate, limits: limits)
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        return try await lanes.submit(Self.change("a"), to: Self.key).message().message.id
                            .description
                    } catch let failure as Failure { return failure.code }
                }
            }
            #expect(try await group.next() == "overloaded")
            gate.isOpen.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
    }
}
