import Chat
import Kernel
import Polls

extension Polls.Place {
    /// The synchronous call of polls: the room says who may see it. What a poll comes to is told in the room.
    static func rooms(_ rooms: Rooms, _ notices: RoomNotices) -> Polls.Place {
        Polls.Place { place, caller, isChange in
            let room = try await rooms.canRead(RoomID(place.uuid), caller)
            guard isChange else { return }
            guard !room.isClosed else { throw Failure.conflict("room_closed", "This room is closed.") }
            try await rooms.spend(caller)
        } tell: { poll, votes, tenant in
            var json = JSONWriter()
            json.object { json in
                json.field("type", "poll")
                json.poll(poll, votes)
            }
            await notices.tell(.frame(json.text), to: RoomID(poll.room.uuid), in: tenant)
        }
    }
}

extension JSONWriter {
    /// A poll as everybody sees it.
    mutating func poll(_ poll: Poll, _ votes: [Int]) {
        field("id", poll.id)
        field("roomId", poll.room)
        field("revision", poll.revision)
        field("question", poll.question)
        array("options", zip(poll.options, votes)) { json, option in
            json.object {
                $0.field("text", option.0)
                $0.field("votes", option.1)
            }
        }
        field("createdBy", poll.createdBy)
        field("createdAt", poll.createdAt)
        if let time = poll.closedAt { field("closedAt", time) } else { null("closedAt") }
    }
}
