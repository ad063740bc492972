import Kernel
import Polls

/// One write of a tenant's polls.
struct PollTransaction: PollWriter {
    let transaction: TenantTransaction
    private var rows: TenantWriter { transaction.rows }
    private var stored: PollRows { PollRows(rows: transaction.rows.reader) }

    func poll(_ id: PollID) throws -> Poll? { try stored.poll(id) }
    func polls(in room: PlaceID, _ page: PageRequest) throws -> Page<Poll> {
        try stored.polls(in: room, page)
    }
    func votes(on polls: [PollID]) throws -> [PollID: [Int: Int]] { try stored.votes(on: polls) }
    func choices(of user: UserID, on polls: [PollID]) throws -> [PollID: Int] {
        try stored.choices(of: user, on: polls)
    }

    func held(_ id: PollID) throws -> Poll? {
        try rows.hold(PollRows.columns, from: .polls, where: "id = \(id)", decode: PollRows.poll).first
    }

    func save(_ poll: Poll) throws {
        try rows.upsert(
            into: .polls,
            [
                "id": poll.id, "room_id": poll.room, "question": poll.question,
                "options": try JSON.encode(poll.options), "created_by": poll.createdBy,
                "created_at": poll.createdAt, "closed_at": poll.closedAt, "revision": poll.revision,
            ], key: "tenant_id, id", change: "closed_at = excluded.closed_at, revision = excluded.revision")
    }

    func saveVote(_ option: Int, of user: UserID, on poll: PollID) throws {
        try rows.upsert(
            into: .pollVotes, ["poll_id": poll, "user_id": user, "choice": option],
            key: "tenant_id, poll_id, user_id", change: "choice = excluded.choice")
    }

    func publish(_ event: some EventPayload, key: String) throws { try transaction.publish(event, key: key) }
}
