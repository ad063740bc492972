import Kernel
import Synchronization
import Testing

@testable import Chat

/// Rooms beside videos.
extension RoomTests {
    @Test func `a video's room has its id, is made by whoever comes first, and listed once used`()
        async throws
    {
        try await ChatStage.with { stage in
            let room = try await stage.make(.video(stage.video), by: stage.viewer)
            #expect(room.uuid == stage.video)
            try await stage.reactions.videoUploaded(stage.video, in: stage.tenant)
            #expect(try await stage.rooms.rooms(stage.ada, PageRequest(limit: 10)).items.isEmpty)
            #expect(try await stage.rooms.rooms(ofVideo: stage.video, stage.ada).items.count == 1)
            try await stage.say("nice", in: room)
            let listed = try await stage.rooms.rooms(stage.ada, PageRequest(limit: 10), kind: .video)
            #expect(listed.items.map(\.room.title) == ["A film"])
            #expect(try await stage.events(RoomCreated.self).count == 1)
            #expect(try await stage.events(MessageSent.self).map(\.video) == [room])
            #expect(await code { _ = try await stage.make(.video(UUIDv7()), by: stage.ada) } == "not_found")
            #expect(
                await code { _ = try await stage.make(.video(stage.video), by: stage.stranger) }
                    == "not_found")
        }
    }

    @Test func `told of uploads, names and deletions, in any number, a room follows its video`() async throws
    {
        try await ChatStage.with { stage in
            let (tenant, video) = (stage.tenant, UUIDv7())
            let room = RoomID(video)
            stage.titles[video] = "Film"
            for _ in 0..<2 { try await stage.reactions.videoUploaded(video, in: tenant) }
            let message = try await stage.say("hi", in: room)
            stage.titles[video] = "Film 2"
            for _ in 0..<2 { try await stage.reactions.videoRenamed(video, in: tenant) }
            #expect(try await stage.rooms.room(room, stage.bob).room.title == "Film 2")
            for _ in 0..<2 { try await stage.reactions.videoDeleted(video, in: tenant) }
            // The upload told late reopens nothing.
            try await stage.reactions.videoUploaded(video, in: tenant)
            #expect(try await stage.rooms.room(room, stage.bob).room.closedAt != nil)
            #expect(await code { try await stage.say("more", in: room) } == "room_closed")
            #expect(
                await code { _ = try await stage.rooms.edit(message.id, to: "x", by: stage.ada) }
                    == "room_closed")
            #expect(try await stage.say("hi", in: room, as: message.clientID).id == message.id)
            #expect(try await stage.rooms.rooms(stage.bob, PageRequest(limit: 10)).items.isEmpty)
            #expect(try await stage.events(RoomClosed.self) == [RoomClosed(room: room)])
            #expect(
                try await stage.rooms.history(of: room, .before(nil), limit: 5, stage.bob).messages == [
                    message
                ])
        }
    }

    @Test func `a name that is given while an older one is told is not overwritten`() async throws {
        try await ChatStage.with { stage in
            let video = stage.video
            let asked = Mutex(0)
            let room = try await stage.make(.video(video), by: stage.ada)
            // The second name is given, and told, between a look at the first and its writing.
            let neighbours = RoomNeighbours { _, _ in
                asked.withLock { count in
                    count += 1
                    return count == 1 ? "First" : "Second"
                }
            } people: { users, _ in
                Set(users)
            }
            try await RoomReactions(store: stage.store, notices: stage.notices, neighbours: neighbours)
                .videoRenamed(video, in: stage.tenant)
            #expect(try await stage.rooms.room(room, stage.ada).room.title == "Second")
        }
    }

    @Test func `a video deleted before its room was there leaves none to be opened`() async throws {
        try await ChatStage.with { stage in
            try await stage.reactions.videoDeleted(stage.video, in: stage.tenant)
            let room = try await stage.make(.video(stage.video), by: stage.ada)
            #expect(await code { try await stage.say("x", in: room) } == "room_closed")
        }
    }
}
