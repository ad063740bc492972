package import Kernel

extension Rooms {
    /// Sends a message: durable, and entered once however often it is sent. `forbidden`, `not_found`, `room_closed`,
    /// `parent_missing`, `client_id_reused`, `rate_limited`, `overloaded`.
    package func send(
        _ draft: MessageDraft, to room: RoomID, by caller: Caller, _ once: OnceKey? = nil
    ) async throws -> SentMessage {
        try caller.require(.sendMessage)
        let draft = try draft.validated()
        let (message, isNew) = try await enter(.send(draft), in: room, by: caller, once)
        return SentMessage(message: message, isNew: isNew)
    }

    /// Changes one's own message; the entry that tells of it. The same text again enters nothing.
    package func edit(
        _ id: MessageID, to body: String, by caller: Caller, _ once: OnceKey? = nil
    ) async throws -> Message {
        try caller.require(.sendMessage)
        let body = try MessageText.validated(body)
        let room = try await room(of: id, caller)
        return try await enter(.edit(id, body: body), in: room, by: caller, once).message
    }

    /// Takes back a message: one's own, or anybody's for moderators. What it said stays in its history.
    package func delete(_ id: MessageID, by caller: Caller, _ once: OnceKey? = nil) async throws -> Message {
        try caller.require(.readChat)
        let room = try await room(of: id, caller)
        return try await enter(.delete(id), in: room, by: caller, once).message
    }

    /// Every text that a message had, oldest first, and its deletion; for its author and moderators.
    package func revisions(of id: MessageID, _ caller: Caller) async throws -> [MessageRevision] {
        try caller.require(.readChat)
        return try await store.read(caller.tenant) { reader in
            guard let message = try reader.message(id),
                let room = try reader.room(message.roomID), room.isVisible(to: caller.user)
            else { throw Failure.notFound("message") }
            if message.author != caller.user { try caller.require(.moderateChat) }
            return try reader.revisions(of: id) + [message.present]
        }
    }

    private func room(of id: MessageID, _ caller: Caller) async throws -> RoomID {
        let message = try await store.read(caller.tenant) { try $0.message(id) }
        guard let message else { throw Failure.notFound("message") }
        return message.roomID
    }

    private func enter(
        _ kind: RoomChange.Kind, in room: RoomID, by caller: Caller, _ once: OnceKey?
    ) async throws -> (message: Message, isNew: Bool) {
        try await spend(caller)
        let change = RoomChange(caller: caller, kind: kind)
        guard let once else {
            let key = RoomLanes.Key(tenant: caller.tenant, room: room)
            return try await lanes.submit(change, to: key).message()
        }
        // The record of what was done once is of one request, so it is written alone.
        let verdict = try await store.write(WriteContext(caller, once: once)) { [now] writer in
            let verdict = try RoomLedger.enter([change], in: room, at: now(), writer)[0]
            _ = try verdict.message()
            return verdict
        }
        await Self.tell([verdict], of: room, in: caller.tenant, notices)
        return try verdict.message()
    }

    static func lanes(
        _ store: any ChatStore, _ notices: RoomNotices, _ limits: Limits,
        _ now: @escaping @Sendable () -> Timestamp
    ) -> RoomLanes {
        var bounds = RoomLanes.Board.Limits()
        bounds.lanes = limits.busyRooms
        bounds.waiting = limits.waitingChanges
        bounds.batch = changesPerWrite
        return RoomLanes(bounds) { key, changes in
            try await store.write(WriteContext(tenant: key.tenant)) { writer in
                try RoomLedger.enter(changes, in: key.room, at: now(), writer)
            }
        } notify: { key, verdicts in
            await tell(verdicts, of: key.room, in: key.tenant, notices)
        }
    }

    /// What a crash keeps from being told is found by whoever reads the sequence.
    private static func tell(
        _ verdicts: [RoomVerdict], of room: RoomID, in tenant: TenantID, _ notices: RoomNotices
    ) async {
        let entries = verdicts.compactMap { verdict -> Message? in
            guard case .entered(let message, isNew: true) = verdict else { return nil }
            return message
        }
        if !entries.isEmpty { await notices.tell(.entries(entries), to: room, in: tenant) }
    }
}

extension Message {
    fileprivate var present: MessageRevision {
        if let deletedAt { return MessageRevision(body: nil, at: deletedAt, by: deletedBy ?? author) }
        return MessageRevision(body: body, at: editedAt ?? sentAt, by: author)
    }
}
