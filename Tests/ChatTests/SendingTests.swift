import Kernel
import Relational
import TestDatabase
import Testing

@testable import Chat

@Suite struct SendingTests {
    @Test func `messages count up without holes and come back in both directions`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            for number in 1...7 { try await stage.say("\(number)", in: room) }
            let latest = try await stage.rooms.history(of: room, .before(nil), limit: 3, stage.bob)
            #expect(latest.messages.map(\.body) == ["5", "6", "7"] && latest.hasMore && latest.lastSeq == 7)
            let older = try await stage.rooms.history(of: room, .before(5), limit: 10, stage.bob)
            #expect(older.messages.map(\.seq) == [1, 2, 3, 4] && !older.hasMore)
            let newer = try await stage.rooms.history(of: room, .after(2), limit: 3, stage.bob)
            #expect(newer.messages.map(\.seq) == [3, 4, 5] && newer.hasMore)
            let end = try await stage.rooms.history(of: room, .after(7), limit: 3, stage.bob)
            #expect(end.messages.isEmpty && !end.hasMore)
        }
    }

    @Test func `a message sent again is the same message, and the same id for another is refused`()
        async throws
    {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let draft = MessageDraft(body: "hello", clientID: "c1")
            let first = try await stage.rooms.send(draft, to: room, by: stage.ada)
            let again = try await stage.rooms.send(draft, to: room, by: stage.ada)
            #expect(first.isNew && !again.isNew && first.message == again.message)
            #expect(await code { try await stage.say("other", in: room, as: "c1") } == "client_id_reused")
            #expect(
                await code { try await stage.say("hello", in: room, as: "c1", to: first.message.id) }
                    == "client_id_reused")
            // Others, and other rooms, have ids of their own.
            #expect(try await stage.say("x", in: room, by: stage.bob, as: "c1").seq == 2)
            #expect(try await stage.say("x", in: try await stage.open(), as: "c1").seq == 1)
            #expect(try await stage.events(MessageSent.self).count == 3)
        }
    }

    @Test func `a message that was changed since is still the one that was sent`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let sent = try await stage.say("first", in: room, as: "c1")
            _ = try await stage.rooms.edit(sent.id, to: "second", by: stage.ada)
            #expect(try await stage.say("first", in: room, as: "c1").id == sent.id)
            #expect(await code { try await stage.say("second", in: room, as: "c1") } == "client_id_reused")
            _ = try await stage.rooms.delete(sent.id, by: stage.ada)
            let again = try await stage.say("first", in: room, as: "c1")
            #expect(again.id == sent.id && again.body == nil)
        }
    }

    @Test func `an answer follows what it answers, in the same room`() async throws {
        try await ChatStage.with { stage in
            let (room, other) = (try await stage.open(), try await stage.open())
            let parent = try await stage.say("?", in: room, by: stage.bob)
            let reply = try await stage.say("!", in: room, to: parent.id)
            #expect(reply.parentID == parent.id && reply.seq > parent.seq)
            #expect(await code { try await stage.say("!", in: other, to: parent.id) } == "parent_missing")
            #expect(await code { try await stage.say("!", in: room, to: MessageID()) } == "parent_missing")
            let event = try #require(try await stage.events(MessageSent.self).last)
            #expect(event.parent == parent.id && event.parentAuthor == stage.bob.user)
        }
    }

    @Test func `many at once in one room all succeed, in one order without holes`() async throws {
        try await ChatStage.with(limits: .generous) { stage in
            let room = try await stage.open()
            let sent = try await withThrowingTaskGroup(of: Message.self) { group in
                for number in 0..<200 { group.addTask { try await stage.say("\(number)", in: room) } }
                return try await group.reduce(into: [Message]()) { $0.append($1) }
            }
            #expect(sent.map(\.seq).sorted() == Array(1...200))
            let stored = try await stage.rooms.entries(of: room, after: 0, limit: 300, in: stage.tenant)
            #expect(stored.map(\.id) == sent.sorted { $0.seq < $1.seq }.map(\.id))
            // A lane goes a moment behind its last answers.
            #expect(try await eventually { stage.rooms.lanes.count == 0 })
        }
    }

    @Test func `one bad draft among many hurts none of the others`() async throws {
        try await ChatStage.with(limits: .generous) { stage in
            let room = try await stage.open()
            let codes = await withTaskGroup(of: String?.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        await code {
                            try await stage.say(
                                "\(number)", in: room, to: number % 3 == 0 ? MessageID() : nil)
                        }
                    }
                }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(codes.count { $0 == "parent_missing" } == 20 && codes.count { $0 == nil } == 40)
            let stored = try await stage.rooms.entries(of: room, after: 0, limit: 100, in: stage.tenant)
            #expect(stored.map(\.seq) == Array(1...40))
        }
    }

    @Test func `a write under an idempotency key is made once`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let once = OnceKey(scope: "send", key: "k", digest: "d")
            let draft = MessageDraft(body: "hello", clientID: "c")
            let answers = [
                try await stage.rooms.send(draft, to: room, by: stage.ada, once),
                try await stage.rooms.send(draft, to: room, by: stage.ada, once),
            ]
            #expect(answers[0].message == answers[1].message)
            #expect(
                await code {
                    _ = try await stage.rooms.send(
                        draft, to: room, by: stage.ada, OnceKey(scope: "send", key: "k", digest: "e"))
                } == "idempotency_key_reused")
            // A refusal is not remembered.
            let late = OnceKey(scope: "send", key: "l")
            let reply = MessageDraft(body: "x", parentID: MessageID(), clientID: "r")
            #expect(
                await code { _ = try await stage.rooms.send(reply, to: room, by: stage.ada, late) }
                    == "parent_missing")
            let repaired = MessageDraft(body: "x", clientID: "r")
            #expect(try await stage.rooms.send(repaired, to: room, by: stage.ada, late).message.seq == 2)
        }
    }

    @Test func `each message carries on the trace of its own request`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            var traced = stage.ada
            traced.traceParent = "00-one"
            try await stage.say("a", in: room, by: traced)
            traced.traceParent = "00-two"
            try await stage.say("b", in: room, by: traced)
            let events = try await stage.outbox.oldest(100).map(\.event).filter {
                $0.type == MessageSent.type
            }
            #expect(events.map(\.traceParent) == ["00-one", "00-two"])
            #expect(events.allSatisfy { $0.key == room.description })
        }
    }

    @Test func `whoever sends too much waits, and a team has a budget too`() async throws {
        var limits = Rooms.Limits()
        limits.messagesPerMinute = 2
        limits.tenantMessagesPerMinute = 3
        try await ChatStage.with(limits: limits) { stage in
            let room = try await stage.make(.video(stage.video), by: stage.ada)
            for _ in 0..<2 { try await stage.say("a", in: room) }
            #expect(await code { try await stage.say("a", in: room) } == "rate_limited")
            #expect(await code { _ = try await stage.open() } == "rate_limited")
            try await stage.say("b", in: room, by: stage.bob)
            #expect(await code { try await stage.say("b", in: room, by: stage.bob) } == "rate_limited")
            stage.clock.advance(by: .seconds(60))
            try await stage.say("c", in: room)
        }
    }

    @Test func `whoever marks too much as read waits, which costs no message, and a team has a budget too`()
        async throws
    {
        var limits = Rooms.Limits()
        limits.messagesPerMinute = 5
        limits.readMarksPerMinute = 2
        limits.tenantReadMarksPerMinute = 3
        try await ChatStage.with(limits: limits) { stage in
            let room = try await stage.open()
            for _ in 1...4 { try await stage.say("a", in: room) }
            func mark(_ seq: Int64, _ caller: Caller) async -> String? {
                await code { _ = try await stage.rooms.markRead(room, upTo: seq, by: caller) }
            }
            for seq in [1, 2] as [Int64] { #expect(await mark(seq, stage.bob) == nil) }
            let refused = await #expect(throws: Failure.self) {
                try await stage.rooms.markRead(room, upTo: 3, by: stage.bob)
            }
            #expect(refused?.kind == .limited && refused?.code == "rate_limited")
            #expect(refused?.retryAfter != nil)
            // What is no news is written by nobody, and costs nothing.
            #expect(await mark(2, stage.bob) == nil)
            #expect(try await stage.rooms.room(room, stage.bob).readSeq == 2)
            #expect(await mark(1, stage.eve) == nil)
            #expect(await mark(2, stage.eve) == "rate_limited")
            try await stage.say("b", in: room, by: stage.bob)
            stage.clock.advance(by: .seconds(60))
            #expect(await mark(9, stage.bob) == nil)
        }
    }

    @Test func `watchers are told of what was stored, once and in order`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let watching = try await stage.notices.notices(of: room, in: stage.tenant, capacity: 100)
            let sent = try await stage.say("a", in: room, as: "c")
            try await stage.say("a", in: room, as: "c")
            let edited = try await stage.rooms.edit(sent.id, to: "b", by: stage.ada)
            _ = try await stage.rooms.markRead(room, upTo: 2, by: stage.bob)
            var told: [RoomNotice] = []
            for await bytes in watching {
                told.append(try #require(RoomNotices.decode(bytes)))
                if told.count == 3 { break }
            }
            #expect(
                told == [.entries([sent]), .entries([edited]), .read(user: stage.bob.user, seq: 2)])
        }
    }
}

extension Rooms.Limits {
    static var generous: Rooms.Limits {
        var limits = Rooms.Limits()
        limits.messagesPerMinute = 1_000_000
        limits.tenantMessagesPerMinute = 1_000_000
        return limits
    }
}
