import Kernel
import TestDatabase
import Testing

@testable import Chat

@Suite struct RevisionTests {
    @Test func `an edit is an entry of its own that tells of the same message`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let sent = try await stage.say("frist", in: room)
            try await stage.say("second", in: room)
            stage.clock.advance(by: .seconds(5))
            let entry = try await stage.rooms.edit(sent.id, to: " first ", by: stage.ada)
            #expect(entry.id == sent.id && entry.seq == 3 && entry.revises == 1 && entry.body == "first")
            #expect(entry.editedAt == stage.clock.now && entry.clientID == sent.clientID)
            let entries = try await stage.rooms.entries(of: room, after: 0, limit: 10, in: stage.tenant)
            #expect(entries.map(\.seq) == [1, 2, 3] && entries.map(\.revises) == [nil, nil, 1])
            #expect(entries.map(\.body) == ["first", "second", "first"])
            // History is of messages: each once, as it is now.
            let history = try await stage.rooms.history(of: room, .before(nil), limit: 10, stage.bob)
            #expect(history.messages.map(\.body) == ["first", "second"] && history.lastSeq == 3)
        }
    }

    @Test func `an edit tells of those whom it names anew, and who may see it`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.secret([stage.bob])
            let (bob, eve) = (stage.bob.user, stage.eve.user)
            let sent = try await stage.say("<@\(bob)>", in: room)
            for text in ["<@\(bob)> <@\(eve)>", "<@\(eve)> only", "nobody", "<@\(bob)>"] {
                _ = try await stage.rooms.edit(sent.id, to: text, by: stage.ada)
            }
            _ = try await stage.rooms.delete(sent.id, by: stage.ada)
            let edits = try await stage.events(MessageEdited.self)
            #expect(edits.map(\.mentions) == [[eve], nil, nil, [bob]])
            let members = Set([stage.ada.user, bob])
            #expect(edits.allSatisfy { $0.audience.map(Set.init) == members && $0.video == nil })
            let open = try await stage.open()
            let there = try await stage.say("a", in: open)
            _ = try await stage.rooms.edit(there.id, to: "<@\(bob)>", by: stage.ada)
            let last = try await stage.events(MessageEdited.self).last
            #expect(last?.mentions == [bob] && last?.audience == nil)
        }
    }

    @Test func `the same text again enters nothing`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let sent = try await stage.say("a", in: room)
            let entry = try await stage.rooms.edit(sent.id, to: "a", by: stage.ada)
            #expect(entry == sent)
            #expect(try await stage.rooms.lastSeqs(of: [room], in: stage.tenant) == [room: 1])
        }
    }

    @Test func `what was deleted says nothing, in no entry, and deleting again changes nothing`() async throws
    {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let sent = try await stage.say("secret", in: room)
            _ = try await stage.rooms.edit(sent.id, to: "secret 2", by: stage.ada)
            let entry = try await stage.rooms.delete(sent.id, by: stage.ada)
            #expect(entry.body == nil && entry.seq == 3 && entry.revises == 1 && entry.mentions.isEmpty)
            _ = try await stage.rooms.delete(sent.id, by: stage.ada)
            let entries = try await stage.rooms.entries(of: room, after: 0, limit: 10, in: stage.tenant)
            #expect(entries.map(\.seq) == [1, 2, 3] && entries.allSatisfy { $0.body == nil })
            #expect(
                await code { _ = try await stage.rooms.edit(sent.id, to: "x", by: stage.ada) } == "not_found")
            let deleted = try await stage.events(MessageDeleted.self)
            #expect(deleted.map(\.seq) == [3] && deleted.map(\.by) == [stage.ada.user])
        }
    }

    @Test func `its author alone edits, moderators may delete`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let sent = try await stage.say("a", in: room)
            for other in [stage.bob, stage.admin] {
                #expect(
                    await code { _ = try await stage.rooms.edit(sent.id, to: "b", by: other) } == "forbidden")
            }
            #expect(await code { _ = try await stage.rooms.delete(sent.id, by: stage.bob) } == "forbidden")
            let entry = try await stage.rooms.delete(sent.id, by: stage.admin)
            #expect(entry.deletedAt != nil)
        }
    }

    @Test func `every text is kept for its author and moderators, oldest first`() async throws {
        try await ChatStage.with { stage in
            let room = try await stage.open()
            let sent = try await stage.say("one", in: room)
            let start = stage.clock.now
            for text in ["two", "three"] {
                stage.clock.advance(by: .seconds(1))
                _ = try await stage.rooms.edit(sent.id, to: text, by: stage.ada)
            }
            stage.clock.advance(by: .seconds(1))
            _ = try await stage.rooms.delete(sent.id, by: stage.admin)
            let user = stage.ada.user
            let expected = ["one", "two", "three"].enumerated().map {
                MessageRevision(body: $1, at: start + .seconds($0), by: user)
            }
            for reader in [stage.ada, stage.admin] {
                let revisions = try await stage.rooms.revisions(of: sent.id, reader)
                #expect(Array(revisions.prefix(3)) == expected)
                #expect(
                    revisions.last
                        == MessageRevision(body: nil, at: start + .seconds(3), by: stage.admin.user))
            }
            #expect(await code { _ = try await stage.rooms.revisions(of: sent.id, stage.bob) } == "forbidden")
        }
    }
}
