import Kernel
import Testing

@testable import Chat

/// What every `ChatStore` promises about messages.
@Suite struct ChatStoreMessageContract {
    private struct Refusal: Error {}

    /// A room with a message, an answer, and an edit and a deletion behind them: entries 1 to 4.
    private static func talk(
        _ stage: ChatStoreStage, _ tenant: TenantID, _ author: UserID = UserID()
    ) async throws -> (room: Room, first: Message, second: Message) {
        let room = Room.sample(lastSeq: 4)
        var first = Message.sample("one", in: room.id, 1, by: author)
        var second = Message.sample("two 👩‍👩‍👧‍👦 مرحبا", in: room.id, 2, by: author, to: first.id)
        let (one, two) = (first, second)
        try await stage.write(tenant) { writer in
            try writer.save(room)
            try writer.append([one, two])
        }
        first.body = "uno"
        first.editedAt = Timestamp(milliseconds: 30)
        second.body = nil
        second.deletedAt = Timestamp(milliseconds: 40)
        second.deletedBy = author
        let (edited, deleted) = (first, second)
        try await stage.write(tenant) { writer in
            try writer.keep(MessageRevision(body: "one", at: one.sentAt, by: author), of: one.id, seq: 3)
            try writer.replace(edited)
            try writer.append([edited.told(by: 3)])
            try writer.keep(MessageRevision(body: two.body, at: two.sentAt, by: author), of: two.id, seq: 4)
            try writer.replace(deleted)
            try writer.append([deleted.told(by: 4)])
        }
        return (room, edited, deleted)
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `entries behind a number are all there are, each telling the message as it is now`(
        _ adapter: ChatStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            let (room, first, second) = try await Self.talk(stage, tenant)
            let all = [first, second, first.told(by: 3), second.told(by: 4)]
            try await stage.store.read(tenant) { reader throws in
                for seq in 0...4 {
                    let found = try reader.entries(of: room.id, .after(Int64(seq)), limit: 10)
                    #expect(found == Array(all.dropFirst(seq)))
                }
                #expect(try reader.entries(of: room.id, .after(1), limit: 2) == [all[1], all[2]])
                #expect(try reader.message(first.id) == first)
                #expect(Set(try reader.messages([first.id, second.id, MessageID()]).map(\.seq)) == [1, 2])
            }
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `the last messages before a number come ascending, without their changes`(
        _ adapter: ChatStoreAdapter
    )
        async throws
    {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            let (room, first, second) = try await Self.talk(stage, tenant)
            let third = Message.sample("three", in: room.id, 5)
            try await stage.write(tenant) { try $0.append([third]) }
            try await stage.store.read(tenant) { reader throws in
                let windows: [(EntryWindow, Int, [Message])] = [
                    (.before(nil), 10, [first, second, third]), (.before(nil), 2, [second, third]),
                    (.before(5), 10, [first, second]), (.before(2), 10, [first]), (.before(1), 10, []),
                ]
                for (window, limit, expected) in windows {
                    #expect(try reader.entries(of: room.id, window, limit: limit) == expected)
                }
            }
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `what a message said is kept, oldest first`(_ adapter: ChatStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, author) = (TenantID(), UserID())
            let (_, first, second) = try await Self.talk(stage, tenant, author)
            try await stage.write(tenant) { writer in
                try writer.keep(
                    MessageRevision(body: "uno", at: Timestamp(milliseconds: 30), by: author), of: first.id,
                    seq: 9)
            }
            let texts = try await stage.store.read(tenant) { try $0.revisions(of: first.id).map(\.body) }
            #expect(texts == ["one", "uno"])
            let other = try await stage.store.read(tenant) { try $0.revisions(of: second.id) }
            #expect(other.map(\.body) == ["two 👩‍👩‍👧‍👦 مرحبا"] && other.map(\.by) == [author])
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `messages are found by what their senders called them, room by room`(_ adapter: ChatStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, one, other) = (TenantID(), UserID(), UserID())
            let rooms = [Room.sample(), .sample()]
            let messages = [
                Message.sample(in: rooms[0].id, 1, by: one, as: "a"),
                .sample(in: rooms[0].id, 2, by: other, as: "b"),
                .sample(in: rooms[0].id, 3, by: other, as: "a"),
                .sample(in: rooms[1].id, 1, by: one, as: "b"),
            ]
            try await stage.write(tenant) { writer in
                for room in rooms { try writer.save(room) }
                try writer.append(messages)
            }
            let keys: Set = [
                MessageKey(author: one, clientID: "a"), MessageKey(author: other, clientID: "b"),
                MessageKey(author: one, clientID: "x"),
            ]
            let found = try await stage.store.read(tenant) { try $0.sent(in: rooms[0].id, as: keys) }
            #expect(found.sorted { $0.seq < $1.seq } == Array(messages.prefix(2)))
            let again = Message.sample(in: rooms[0].id, 9, by: one, as: "a")
            let code = await failureCode { try await stage.write(tenant) { try $0.append([again]) } }
            #expect(code == "unique_violation")
            let taken = Message.sample(in: rooms[0].id, 3, by: one, as: "new")
            #expect(
                await failureCode { try await stage.write(tenant) { try $0.append([taken]) } }
                    == "unique_violation")
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `unread are messages of others behind one's own mark, room by room, counted up to a limit`(
        _ adapter: ChatStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, me, other) = (TenantID(), UserID(), UserID())
            let (room, _, _) = try await Self.talk(stage, tenant, other)
            try await stage.write(tenant) { writer in
                try writer.append((5...9).map { .sample(in: room.id, $0, by: $0 == 7 ? me : other) })
            }
            // The first stands, the second was deleted, 3 and 4 are changes, 7 is one's own.
            for (seq, count) in [(0, 5), (1, 4), (4, 4), (5, 3), (6, 2), (7, 2), (9, 0)] {
                let found = try await stage.store.write(WriteContext(tenant: tenant)) { writer in
                    if seq > 0 { try writer.saveMarker(Int64(seq), of: me, in: room.id) }
                    return try writer.unread(in: [room.id], by: me, limit: 100)
                }
                #expect(found == [room.id: count], "behind \(seq)")
            }
            let (quiet, _, _) = try await Self.talk(stage, tenant, me)
            let (loud, _, _) = try await Self.talk(stage, tenant, other)
            try await stage.write(tenant) { writer in
                try writer.append((5...9).map { .sample(in: loud.id, $0, by: other) })
                try writer.saveMarker(9, of: other, in: loud.id)
            }
            try await stage.store.read(tenant) { reader throws in
                let asked = [room.id, quiet.id, loud.id, RoomID()]
                let all = try reader.unread(in: asked, by: me, limit: 100)
                #expect(all == [room.id: 0, quiet.id: 0, loud.id: 6])
                let some = try reader.unread(in: asked, by: me, limit: 2)
                #expect(some == [room.id: 0, quiet.id: 0, loud.id: 2])
                #expect(try reader.unread(in: [], by: me, limit: 2).isEmpty)
            }
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `ids of all messages come in pages, each message once`(_ adapter: ChatStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            let (room, first, second) = try await Self.talk(stage, tenant)
            let more = (5...70).map { Message.sample(in: room.id, $0) }
            try await stage.write(tenant) { try $0.append(more) }
            var (listed, after): ([MessageID], UUIDv7?) = ([], nil)
            repeat {
                let request = PageRequest(limit: 30, after: after, order: .oldestFirst)
                let page = try await stage.store.read(tenant) { try $0.messageIDs(request) }
                listed += page.items
                after = page.next
            } while after != nil
            #expect(listed == ([first, second] + more).map(\.id))
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `a write that fails leaves no entry, no number and no event`(_ adapter: ChatStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            let (room, first, _) = try await Self.talk(stage, tenant)
            await #expect(throws: Refusal.self) {
                try await stage.write(tenant) { writer in
                    var room = room
                    room.lastSeq = 5
                    try writer.save(room)
                    try writer.append([.sample(in: room.id, 5)])
                    try writer.saveMarker(5, of: UserID(), in: room.id)
                    try writer.publish(RoomClosed(room: room.id), key: "k", traceParent: nil)
                    throw Refusal()
                }
            }
            try await stage.store.read(tenant) { reader throws in
                #expect(try reader.room(room.id) == room)
                #expect(try reader.entries(of: room.id, .after(4), limit: 9).isEmpty)
                #expect(try reader.message(first.id) == first)
            }
            #expect(try await stage.published().isEmpty)
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `a write for one event is made once, however often it comes`(_ adapter: ChatStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, event) = (TenantID(), EventID())
            let room = Room.sample()
            try await stage.write(tenant) { try $0.save(room) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await stage.write(tenant, once: .event(event, consumer: "x")) { writer in
                            var room = try #require(try writer.held(room.id))
                            room.lastSeq += 1
                            try writer.append([.sample(in: room.id, room.lastSeq)])
                            try writer.save(room)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let entries = try await stage.store.read(tenant) {
                try $0.entries(of: room.id, .after(0), limit: 9)
            }
            #expect(entries.map(\.seq) == [1])
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `whoever holds a room numbers its entries alone`(_ adapter: ChatStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, room) = (TenantID(), Room.sample())
            try await stage.write(tenant) { try $0.save(room) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<10 {
                            try await stage.write(tenant) { store in
                                var room = try #require(try store.held(room.id))
                                room.lastSeq += 1
                                try store.append([
                                    .sample(in: room.id, room.lastSeq, as: "\(writer)-\(number)")
                                ])
                                try store.save(room)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let entries = try await stage.store.read(tenant) {
                try $0.entries(of: room.id, .after(0), limit: 99)
            }
            #expect(entries.map(\.seq) == Array(1...40))
        }
    }
}
