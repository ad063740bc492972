import Kernel
import Polls

/// One tenant's polls in one snapshot.
struct PollRows: PollReader {
    let rows: TenantReader

    static let columns = "id, room_id, question, options, created_by, created_at, closed_at, revision"

    static func poll(_ row: inout SQLRowReader) throws -> Poll {
        Poll(
            id: try row.next(), room: try row.next(), question: try row.next(),
            options: try JSON.decode([String].self, try row.next([UInt8].self)), createdBy: try row.next(),
            createdAt: try row.next(), closedAt: try row.nextIfPresent(), revision: try row.next())
    }

    func poll(_ id: PollID) throws -> Poll? {
        try rows.first(Self.columns, from: .polls, where: "id = \(id)", decode: Self.poll)
    }

    func polls(in room: PlaceID, _ page: PageRequest) throws -> Page<Poll> {
        var condition: SQLText = "room_id = \(room)"
        let slice = SQLText.rows(of: page)
        if let after = slice.condition { condition = "\(condition) AND \(after)" }
        let found = try rows.select(
            Self.columns, from: .polls, where: condition, then: slice.tail, decode: Self.poll)
        return Page(reading: found, limit: page.limit) { $0.id.uuid }
    }

    func votes(on polls: [PollID]) throws -> [PollID: [Int: Int]] {
        let found = try rows.select(
            "poll_id, choice, count(*)", from: .pollVotes, where: "poll_id IN \(list: polls)",
            then: "GROUP BY poll_id, choice"
        ) { (poll: try $0.next(PollID.self), choice: try $0.next(Int.self), count: try $0.next(Int.self)) }
        var votes: [PollID: [Int: Int]] = [:]
        for (poll, choice, count) in found { votes[poll, default: [:]][choice] = count }
        return votes
    }

    func choices(of user: UserID, on polls: [PollID]) throws -> [PollID: Int] {
        let found = try rows.select(
            "poll_id, choice", from: .pollVotes, where: "user_id = \(user) AND poll_id IN \(list: polls)"
        ) { (poll: try $0.next(PollID.self), choice: try $0.next(Int.self)) }
        return Dictionary(found.map { ($0.poll, $0.choice) }) { first, _ in first }
    }
}
