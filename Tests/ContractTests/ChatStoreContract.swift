import Kernel
import Testing

@testable import Chat

/// What every `ChatStore` promises about rooms and those in them.
@Suite struct ChatStoreContract {
    @Test(arguments: ChatStoreAdapter.all)
    func `an empty store has nothing`(_ adapter: ChatStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            try await stage.store.read(TenantID()) { reader throws in
                let (user, room, page) = (UserID(), RoomID(), PageRequest(limit: 10))
                #expect(try reader.room(room) == nil)
                #expect(try reader.rooms(RoomFilter(viewer: user), page).items.isEmpty)
                #expect(try reader.directRoom(of: RoomPair(user, UserID())) == nil)
                #expect(try reader.lastSeqs(of: [room]).isEmpty && reader.lastSeqs(of: []).isEmpty)
                #expect(try reader.memberships(of: user, limit: 10).isEmpty)
                #expect(try reader.markers(of: user, in: [room]).isEmpty)
                #expect(try reader.message(MessageID()) == nil)
                #expect(try reader.messages([]).isEmpty && reader.messages([MessageID()]).isEmpty)
                #expect(try reader.entries(of: room, .after(0), limit: 10).isEmpty)
                #expect(try reader.entries(of: room, .before(nil), limit: 10).isEmpty)
                #expect(try reader.unread(in: [room], by: user, limit: 10).isEmpty)
                #expect(try reader.revisions(of: MessageID()).isEmpty)
                #expect(try reader.messageIDs(page).items.isEmpty)
            }
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `a room is read back as it was saved, and saving again replaces`(_ adapter: ChatStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            let people = [UserID(), UserID()]
            for sample in [
                Room.sample(), .sample(.video, lastSeq: 3), .sample(isPrivate: true, members: people),
                .sample(.direct, members: people),
            ] {
                var changed = sample
                changed.title = "Other"
                changed.lastSeq += 1
                changed.lastMessage = MessageID()
                changed.closedAt = Timestamp(milliseconds: 5)
                for version in [sample, changed, sample] {
                    try await stage.write(tenant) { writer in
                        try writer.save(version)
                        try writer.add(version.members, to: version.id)
                        #expect(try writer.held(version.id) == version)
                    }
                    #expect(try await stage.store.read(tenant) { try $0.room(version.id) } == version)
                }
            }
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `lists hold open rooms that one may see, newest first, in pages`(_ adapter: ChatStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, viewer, other) = (TenantID(), UserID(), UserID())
            var closed = Room.sample()
            closed.closedAt = .now()
            let shown = [
                Room.sample(), .sample(.video, lastSeq: 1),
                .sample(isPrivate: true, members: [viewer, other]),
                .sample(.direct, members: [viewer, other]),
            ]
            let hidden = [
                closed, .sample(.video), .sample(isPrivate: true, members: [other]),
                .sample(.direct, members: [other, UserID()]),
            ]
            let rooms = zip(shown, hidden).flatMap { [$0, $1] }
            try await stage.write(tenant) { writer in
                for room in rooms {
                    try writer.save(room)
                    try writer.add(room.members, to: room.id)
                }
            }
            let expected = shown.sorted { $0.id.description > $1.id.description }
            #expect(try await stage.list(tenant, RoomFilter(viewer: viewer)) == expected)
            for kind in Room.Kind.allCases {
                let filter = RoomFilter(viewer: viewer, kind: kind)
                #expect(try await stage.list(tenant, filter) == expected.filter { $0.kind == kind })
            }
            #expect(try await stage.list(TenantID(), RoomFilter(viewer: viewer)).isEmpty)
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `members come and go, each once`(_ adapter: ChatStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            let people = (0..<20).map { _ in UserID() }.sorted { $0.description < $1.description }
            let rooms = [Room.sample(isPrivate: true), .sample(isPrivate: true)]
            try await stage.write(tenant) { writer in
                for room in rooms { try writer.save(room) }
                for _ in 0..<2 { try writer.add(people, to: rooms[0].id) }
                try writer.add([people[0]], to: rooms[1].id)
                try writer.remove([people[1], UserID()], from: rooms[0].id)
                try writer.remove([], from: rooms[0].id)
                try writer.remove([people[0]], from: rooms[1].id)
                try writer.add([people[0]], to: rooms[1].id)
            }
            try await stage.store.read(tenant) { reader throws in
                #expect(try reader.room(rooms[0].id)?.members == people.filter { $0 != people[1] })
                let found = try reader.rooms([rooms[0].id, RoomID(), rooms[1].id])
                #expect(Set(found.map(\.id)) == [rooms[0].id, rooms[1].id])
                #expect(try found.allSatisfy { try reader.room($0.id) == $0 } && reader.rooms([]).isEmpty)
                #expect(try reader.memberships(of: people[0], limit: 9) == [rooms[1].id, rooms[0].id])
                #expect(try reader.memberships(of: people[0], limit: 1) == [rooms[1].id])
                #expect(try reader.memberships(of: people[1], limit: 9).isEmpty)
            }
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `a pair has its room in both orders, also when one has left it`(_ adapter: ChatStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, one, other) = (TenantID(), UserID(), UserID())
            let room = Room.sample(.direct, members: [one, other])
            try await stage.write(tenant) { writer in
                try writer.save(room)
                try writer.add(room.members, to: room.id)
            }
            for pair in [RoomPair(one, other), RoomPair(other, one)] {
                #expect(try await stage.store.read(tenant) { try $0.directRoom(of: pair) } == room)
            }
            try await stage.write(tenant) { writer in
                try writer.remove([other], from: room.id)
                let left = try #require(try writer.held(room.id))
                try writer.save(left)
                #expect(try writer.directRoom(of: RoomPair(one, other))?.members == [one])
            }
            let code = await failureCode {
                try await stage.write(tenant) { try $0.save(.sample(.direct, members: [one, other])) }
            }
            #expect(code == "unique_violation")
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `markers are of one person in one room`(_ adapter: ChatStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user, rooms) = (TenantID(), UserID(), [RoomID(), RoomID(), RoomID()])
            try await stage.write(tenant) { writer in
                for seq in [3, 7] as [Int64] { try writer.saveMarker(seq, of: user, in: rooms[0]) }
                try writer.saveMarker(1, of: user, in: rooms[1])
                try writer.saveMarker(9, of: UserID(), in: rooms[2])
            }
            try await stage.store.read(tenant) { reader throws in
                #expect(try reader.markers(of: user, in: rooms) == [rooms[0]: 7, rooms[1]: 1])
                #expect(try reader.markers(of: user, in: [rooms[1]]) == [rooms[1]: 1])
                #expect(try reader.markers(of: user, in: []).isEmpty)
            }
        }
    }

    @Test(arguments: ChatStoreAdapter.all)
    func `another tenant's reads and writes find and change nothing`(_ adapter: ChatStoreAdapter) async throws
    {
        try await adapter.run { stage async throws in
            let (mine, theirs, user) = (TenantID(), TenantID(), UserID())
            let room = Room.sample(isPrivate: true, members: [user], lastSeq: 1)
            let message = Message.sample(in: room.id, 1, by: user)
            try await stage.write(mine) { writer in
                try writer.save(room)
                try writer.add([user], to: room.id)
                try writer.append([message])
                try writer.saveMarker(1, of: user, in: room.id)
            }
            try await stage.write(theirs) { writer in
                #expect(try writer.room(room.id) == nil && writer.held(room.id) == nil)
                #expect(try writer.message(message.id) == nil && writer.messages([message.id]).isEmpty)
                #expect(try writer.entries(of: room.id, .after(0), limit: 9).isEmpty)
                #expect(try writer.memberships(of: user, limit: 9).isEmpty)
                #expect(try writer.lastSeqs(of: [room.id]).isEmpty)
                #expect(try writer.markers(of: user, in: [room.id]).isEmpty)
                let key = MessageKey(author: user, clientID: message.clientID)
                #expect(try writer.sent(in: room.id, as: [key]).isEmpty)
                var other = message
                other.body = "changed"
                try writer.replace(other)
                try writer.remove([user], from: room.id)
                var closed = room
                closed.closedAt = .now()
                try writer.save(closed)
                try writer.saveMarker(5, of: user, in: room.id)
            }
            try await stage.store.read(mine) { reader throws in
                #expect(try reader.room(room.id) == room)
                #expect(try reader.message(message.id) == message)
                #expect(try reader.markers(of: user, in: [room.id]) == [room.id: 1])
            }
        }
    }
}

extension ChatStoreStage {
    /// All pages, two rooms each.
    fileprivate func list(_ tenant: TenantID, _ filter: RoomFilter) async throws -> [Room] {
        var (listed, after): ([Room], UUIDv7?) = ([], nil)
        repeat {
            let request = PageRequest(limit: 2, after: after)
            let page = try await store.read(tenant) { try $0.rooms(filter, request) }
            #expect(page.items.count <= 2)
            listed += page.items
            after = page.next
        } while after != nil
        return listed
    }
}
