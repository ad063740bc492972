package import Kernel

/// Asking those in a room.
package struct Polls: Sendable {
    /// What this context asks of the one that owns rooms, and tells it.
    package struct Place: Sendable {
        /// Throws `not_found` unless the caller may see the room, `room_closed` if it takes nothing more.
        let check: @Sendable (PlaceID, Caller, _ isChange: Bool) async throws -> Void
        /// Tells those who watch the room that the poll stands so; may be lost.
        let tell: @Sendable (Poll, _ votes: [Int], TenantID) async -> Void

        package init(
            check: @escaping @Sendable (PlaceID, Caller, Bool) async throws -> Void,
            tell: @escaping @Sendable (Poll, [Int], TenantID) async -> Void
        ) {
            self.check = check
            self.tell = tell
        }
    }

    private let store: any PollStore
    private let place: Place
    private let now: @Sendable () -> Timestamp

    package init(
        store: any PollStore, place: Place, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.place = place
        self.now = now
    }

    /// `forbidden`, `not_found`, `invalid_request`, `room_closed`.
    package func create(
        _ draft: PollDraft, in room: PlaceID, by caller: Caller, _ once: OnceKey?
    ) async throws -> PollView {
        try caller.require(.createPoll)
        let draft = try draft.validated()
        try await place.check(room, caller, true)
        let poll = Poll(
            room: room, question: draft.question, options: draft.options, createdBy: caller.user,
            createdAt: now())
        let created = try await store.write(WriteContext(caller, once: once)) { writer in
            try writer.save(poll)
            try writer.publish(PollCreated(poll: poll.id, room: room, by: caller.user), key: room.description)
            return poll.id
        }
        return try await told(created, caller)
    }

    /// Newest first.
    package func polls(in room: PlaceID, _ page: PageRequest, _ caller: Caller) async throws -> Page<PollView>
    {
        try await place.check(room, caller, false)
        return try await store.read(caller.tenant) { reader in
            let found = try reader.polls(in: room, page)
            return Page(items: try Self.views(of: found.items, caller, reader), next: found.next)
        }
    }

    package func poll(_ id: PollID, _ caller: Caller) async throws -> PollView {
        let view = try await view(of: id, caller)
        try await place.check(view.poll.room, caller, false)
        return view
    }

    /// Chooses an option, in place of the one before. `poll_closed`, `invalid_request` for an option there is not.
    package func vote(
        _ option: Int, on id: PollID, by caller: Caller, _ once: OnceKey?
    ) async throws -> PollView {
        try caller.require(.vote)
        _ = try await changeable(id, caller)
        _ = try await store.write(WriteContext(caller, once: once)) { writer in
            guard var poll = try writer.held(id) else { throw Failure.notFound("poll") }
            guard !poll.isClosed else { throw Self.closed }
            guard poll.options.indices.contains(option) else {
                throw Failure.invalid(
                    "option", "out_of_range", "This poll has \(poll.options.count) options.")
            }
            guard try writer.choices(of: caller.user, on: [id])[id] != option else { return false }
            poll.revision += 1
            try writer.save(poll)
            try writer.saveVote(option, of: caller.user, on: id)
            try writer.publish(
                PollVoted(poll: id, room: poll.room, by: caller.user, option: option),
                key: poll.room.description)
            return true
        }
        return try await told(id, caller)
    }

    /// Ends the voting; for whoever asked, and moderators. Again is harmless.
    package func close(_ id: PollID, by caller: Caller, _ once: OnceKey?) async throws -> PollView {
        let poll = try await changeable(id, caller)
        try caller.require(poll.createdBy == caller.user ? .createPoll : .moderateChat)
        _ = try await store.write(WriteContext(caller, once: once)) { [now] writer in
            guard var poll = try writer.held(id) else { throw Failure.notFound("poll") }
            guard !poll.isClosed else { return false }
            poll.closedAt = now()
            poll.revision += 1
            try writer.save(poll)
            try writer.publish(
                PollClosed(poll: id, room: poll.room, by: caller.user), key: poll.room.description)
            return true
        }
        return try await told(id, caller)
    }

    private func changeable(_ id: PollID, _ caller: Caller) async throws -> Poll {
        guard let poll = try await store.read(caller.tenant, { try $0.poll(id) }) else {
            throw Failure.notFound("poll")
        }
        try await place.check(poll.room, caller, true)
        return poll
    }

    /// The poll as it is now, which those in the room are told as well.
    private func told(_ id: PollID, _ caller: Caller) async throws -> PollView {
        let view = try await view(of: id, caller)
        await place.tell(view.poll, view.votes, caller.tenant)
        return view
    }

    private func view(of id: PollID, _ caller: Caller) async throws -> PollView {
        try await store.read(caller.tenant) { reader in
            guard let poll = try reader.poll(id),
                let view = try Self.views(of: [poll], caller, reader).first
            else { throw Failure.notFound("poll") }
            return view
        }
    }

    private static func views(
        of polls: [Poll], _ caller: Caller, _ reader: any PollReader
    ) throws -> [PollView] {
        let votes = try reader.votes(on: polls.map(\.id))
        let choices = try reader.choices(of: caller.user, on: polls.map(\.id))
        return polls.map { poll in
            PollView(
                poll: poll, votes: poll.options.indices.map { votes[poll.id]?[$0] ?? 0 },
                choice: choices[poll.id])
        }
    }

    private static let closed = Failure.conflict("poll_closed", "This poll is closed.")
}
