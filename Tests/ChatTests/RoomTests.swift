import Kernel
import Relational
import TestDatabase
import Testing

@testable import Chat

@Suite struct RoomTests {
    @Test func `a team room is open to the whole team, a private one to its members alone`() async throws {
        try await ChatStage.with { stage in
            let open = try await stage.open()
            let secret = try await stage.secret([stage.bob])
            #expect(try await stage.rooms.room(open, stage.eve).room.members.isEmpty)
            #expect(
                Set(try await stage.rooms.room(secret, stage.bob).room.members)
                    == [stage.ada.user, stage.bob.user])
            let listed = try await stage.rooms.rooms(stage.eve, PageRequest(limit: 10)).items.map(\.room.id)
            #expect(listed == [open])
            try await stage.say("for members", in: secret)
            for outsider in [stage.eve, stage.admin, stage.viewer, stage.stranger] {
                #expect(await code { _ = try await stage.rooms.room(secret, outsider) } == "not_found")
            }
        }
    }

    @Test func `a list of many rooms asks the store no more than one of a few`() async throws {
        try await TestDatabase.with { file in
            let (driver, clock) = (CountingDriver(file.driver), ManualClock())
            let database = Database(driver: driver, now: { clock.now })
            var limits = Rooms.Limits()
            limits.messagesPerMinute = 1_000
            let stage = ChatStage(RelationalChatStore(database), Outbox(database), clock, limits)
            var questions: [Int] = []
            for count in [2, 40] {
                while try await stage.rooms.rooms(stage.bob, PageRequest(limit: 100)).items.count < count {
                    let secret = try await stage.secret([stage.bob])
                    for text in ["one", "two"] { try await stage.say(text, in: secret) }
                }
                _ = driver.counted()
                let listed = try await stage.rooms.rooms(stage.bob, PageRequest(limit: 100)).items
                questions.append(driver.counted())
                #expect(listed.count == count && listed.allSatisfy { $0.unread == 2 })
            }
            #expect(questions[0] == questions[1])
        }
    }

    @Test func `nothing can be done in a room that one may not see`() async throws {
        try await ChatStage.with { stage in
            let secret = try await stage.secret([stage.bob])
            let message = try await stage.say("hush", in: secret)
            for outsider in [stage.eve, stage.admin, stage.stranger] {
                let rooms = stage.rooms
                let codes = [
                    await code { _ = try await rooms.canRead(secret, outsider) },
                    await code { _ = try await rooms.history(of: secret, .after(0), limit: 1, outsider) },
                    await code { try await stage.say("x", in: secret, by: outsider) },
                    await code {
                        try await stage.say("hush", in: secret, by: outsider, as: message.clientID)
                    },
                    await code { _ = try await rooms.edit(message.id, to: "x", by: outsider) },
                    await code { _ = try await rooms.delete(message.id, by: outsider) },
                    await code { _ = try await rooms.revisions(of: message.id, outsider) },
                    await code { _ = try await rooms.markRead(secret, upTo: 1, by: outsider) },
                    await code { _ = try await rooms.rename(secret, to: "x", by: outsider, nil) },
                    await code { _ = try await rooms.invite([outsider.user], to: secret, by: outsider, nil) },
                    await code { try await rooms.remove(stage.ada.user, from: secret, by: outsider, nil) },
                ]
                #expect(codes == Array(repeating: "not_found", count: codes.count))
            }
            #expect(try await stage.rooms.lastSeqs(of: [secret], in: stage.tenant) == [secret: 1])
            #expect(try await stage.rooms.lastSeqs(of: [secret], in: stage.stranger.tenant) == [:])
        }
    }

    @Test func `viewers read and say nothing`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let message = try await stage.say("a", in: room)
            let viewer = stage.viewer
            #expect(
                try await stage.rooms.history(of: room, .before(nil), limit: 5, viewer).messages == [message])
            #expect(await code { try await stage.say("b", in: room, by: viewer) } == "forbidden")
            #expect(
                await code {
                    _ = try await stage.make(.team(title: "x", isPrivate: false, people: []), by: viewer)
                }
                    == "forbidden")
            #expect(
                await code { _ = try await stage.make(.direct(stage.ada.user), by: viewer) } == "forbidden")
        }
    }

    @Test func `two people have one direct room, whoever asks and however often at once`() async throws {
        try await ChatStage.with { stage in
            let rooms = try await withThrowingTaskGroup(of: Rooms.Found.self) { group in
                for number in 0..<10 {
                    group.addTask {
                        let (from, to) = number % 2 == 0 ? (stage.ada, stage.bob) : (stage.bob, stage.ada)
                        return try await stage.rooms.make(.direct(to.user), by: from, nil)
                    }
                }
                return try await group.reduce(into: [Rooms.Found]()) { $0.append($1) }
            }
            #expect(Set(rooms.map(\.view.room.id)).count == 1 && rooms.count(where: \.isNew) == 1)
            let room = rooms[0].view.room
            #expect(room.isPrivate && room.kind == .direct && room.members.count == 2)
            #expect(await code { _ = try await stage.rooms.room(room.id, stage.eve) } == "not_found")
            #expect(await code { _ = try await stage.make(.direct(stage.ada.user), by: stage.ada) } != nil)
            #expect(
                await code { _ = try await stage.make(.direct(UserID()), by: stage.ada) } == "invalid_request"
            )
        }
    }

    @Test
    func `a repeated wish for a direct room is answered as the first, also one recorded as the id alone`()
        async throws
    {
        try await ChatStage.with { stage in
            func make(_ key: String) async throws -> Rooms.Found {
                try await stage.rooms.make(
                    .direct(stage.bob.user), by: stage.ada, OnceKey(scope: "rooms", key: key))
            }
            let first = try await make("a")
            let room = first.view.room.id
            #expect(first.isNew)
            #expect(try await make("a").isNew)
            for _ in 0..<2 { #expect(try await !make("b").isNew) }
            let old = WriteContext(stage.ada, once: OnceKey(scope: "rooms", key: "c"))
            _ = try await stage.store.write(old) { _ in room }
            let found = try await make("c")
            #expect(!found.isNew && found.view.room.id == room)
        }
    }

    @Test func `members let others in and whoever leaves is out at once`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.secret([stage.bob])
            let view = try await stage.rooms.invite(
                [stage.eve.user, stage.bob.user], to: room, by: stage.bob, nil)
            #expect(view.room.members.count == 3)
            try await stage.say("hi", in: room, by: stage.eve)
            #expect(
                await code { try await stage.rooms.remove(stage.ada.user, from: room, by: stage.eve, nil) }
                    == "forbidden")
            try await stage.rooms.remove(stage.eve.user, from: room, by: stage.ada, nil)
            #expect(await code { try await stage.say("hi", in: room, by: stage.eve) } == "not_found")
            try await stage.rooms.remove(stage.bob.user, from: room, by: stage.bob, nil)
            let changes = try await stage.events(MembersChanged.self)
            #expect(changes.dropFirst().map(\.joined) == [[stage.eve.user], [], []])
            #expect(changes.dropFirst().map(\.left) == [[], [stage.eve.user], [stage.bob.user]])
            #expect(try await stage.events(MessageSent.self)[0].audience?.count == 3)
            // The last to leave closes the room.
            try await stage.rooms.remove(stage.ada.user, from: room, by: stage.ada, nil)
            #expect(try await stage.events(RoomClosed.self).count == 1)
        }
    }

    @Test func `only people of the team become members, and not too many`() async throws {
        var limits = Rooms.Limits()
        limits.maximumMembers = 2
        try await ChatStage.with(limits: limits) { stage in
            #expect(await code { _ = try await stage.secret([stage.stranger]) } == "invalid_request")
            #expect(await code { _ = try await stage.secret([stage.bob, stage.eve]) } == "invalid_request")
            let room = try await stage.secret([stage.bob])
            #expect(
                await code {
                    _ = try await stage.rooms.invite([stage.eve.user], to: room, by: stage.ada, nil)
                }
                    == "invalid_request")
            let open = try await stage.open()
            #expect(
                await code {
                    _ = try await stage.rooms.invite([stage.eve.user], to: open, by: stage.ada, nil)
                }
                    == "forbidden")
        }
    }

    @Test func `whoever left the team has left all its private rooms`() async throws {
        try await ChatStage.with { stage in
            let secret = try await stage.secret([stage.bob, stage.eve])
            let direct = try await stage.make(.direct(stage.bob.user), by: stage.ada)
            for _ in 0..<2 { try await stage.reactions.userRemoved(stage.bob.user, in: stage.tenant) }
            for room in [secret, direct] {
                #expect(try await !stage.rooms.room(room, stage.ada).room.members.contains(stage.bob.user))
                #expect(await code { _ = try await stage.rooms.room(room, stage.bob) } == "not_found")
            }
            #expect(try await stage.rooms.circles(of: stage.bob).isEmpty)
            #expect(Set(try await stage.rooms.circles(of: stage.ada)) == [secret.uuid, direct.uuid])
            #expect(try await stage.events(MembersChanged.self).count { !$0.left.isEmpty } == 2)
        }
    }

    @Test func `its maker and moderators rename a team room, nobody renames others`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            #expect(
                await code { _ = try await stage.rooms.rename(room, to: "x", by: stage.bob, nil) }
                    == "forbidden")
            for (number, host) in [stage.ada, stage.admin].enumerated() {
                let view = try await stage.rooms.rename(room, to: " Room \(number) ", by: host, nil)
                #expect(view.room.title == "Room \(number)")
            }
            let video = try await stage.make(.video(stage.video), by: stage.ada)
            #expect(
                await code { _ = try await stage.rooms.rename(video, to: "x", by: stage.admin, nil) }
                    == "forbidden")
        }
    }

    @Test func `marks only grow, and unread are the messages of others behind them`() async throws {
        try await ChatStage.with(limits: .generous) { stage in
            let room = try await stage.open()
            for number in 1...3 { try await stage.say("\(number)", in: room) }
            let mine = try await stage.say("mine", in: room, by: stage.bob)
            _ = try await stage.rooms.edit(mine.id, to: "mine!", by: stage.bob)
            let first = try await stage.rooms.room(room, stage.bob)
            #expect(first.unread == 3 && first.readSeq == 0 && first.lastMessage?.body == "mine!")
            let marks = [(2, 2), (1, 2), (-5, 2), (99, 5)]
            for (asked, kept) in marks {
                let mark = try await stage.rooms.markRead(room, upTo: Int64(asked), by: stage.bob)
                #expect(mark.readSeq == Int64(kept) && mark.unread == (kept == 2 ? 1 : 0))
            }
            let gone = try await stage.say("gone", in: room)
            _ = try await stage.rooms.delete(gone.id, by: stage.ada)
            #expect(try await stage.rooms.room(room, stage.bob).unread == 0)
            for number in 1...120 { try await stage.say("\(number)", in: room) }
            #expect(try await stage.rooms.room(room, stage.bob).unread == 100)
            #expect(try await stage.rooms.rooms(stage.bob, PageRequest(limit: 5)).items[0].unread == 100)
        }
    }
}
