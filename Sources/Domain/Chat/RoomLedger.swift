import Kernel

/// One write of one room's entries: judges each change by itself and numbers what it enters.
struct RoomLedger {
    private let writer: any ChatWriter
    private let time: Timestamp
    private var room: Room

    /// Enters what may be entered; a verdict on each change, in order. Throws only what the store throws.
    static func enter(
        _ changes: [RoomChange], in room: RoomID, at time: Timestamp, _ writer: any ChatWriter
    ) throws -> [RoomVerdict] {
        guard let held = try writer.held(room) else {
            return changes.map { _ in .refused(.notFound("room")) }
        }
        var ledger = RoomLedger(writer: writer, time: time, room: held)
        return try ledger.enter(changes)
    }

    private mutating func enter(_ changes: [RoomChange]) throws -> [RoomVerdict] {
        let before = room.lastSeq
        var verdicts: [RoomVerdict] = []
        var drafts: [(Caller, MessageDraft)] = []
        for change in changes {
            if case .send(let draft) = change.kind {
                drafts.append((change.caller, draft))
                continue
            }
            verdicts += try send(drafts)
            drafts = []
            verdicts.append(try revise(change))
        }
        verdicts += try send(drafts)
        if room.lastSeq > before { try writer.save(room) }
        return verdicts
    }

    private mutating func nextSeq() -> Int64 {
        room.lastSeq += 1
        return room.lastSeq
    }

    // MARK: - Sending

    /// Drafts one after the other, with one look at what is there already.
    private mutating func send(_ drafts: [(caller: Caller, draft: MessageDraft)]) throws -> [RoomVerdict] {
        guard !drafts.isEmpty else { return [] }
        let keys = Set(drafts.map { MessageKey(author: $0.caller.user, clientID: $0.draft.clientID) })
        var sent = Dictionary(
            try writer.sent(in: room.id, as: keys).map { ($0.key, $0) }
        ) { first, _ in first }
        let parents = Dictionary(
            try writer.messages(Array(Set(drafts.compactMap(\.draft.parentID))))
                .filter { $0.roomID == room.id }.map { ($0.id, $0) }
        ) { first, _ in first }
        var fresh: [(message: Message, traceParent: String?)] = []
        var verdicts: [RoomVerdict] = []
        for (caller, draft) in drafts {
            if !room.isVisible(to: caller.user) {
                verdicts.append(.refused(.notFound("room")))
            } else if let earlier = sent[MessageKey(author: caller.user, clientID: draft.clientID)] {
                verdicts.append(try verdict(on: draft, sentAs: earlier))
            } else if room.isClosed {
                verdicts.append(.refused(Self.closed))
            } else if let parent = draft.parentID, parents[parent] == nil {
                verdicts.append(.refused(Self.parentMissing))
            } else {
                let message = entry(of: draft, by: caller)
                sent[message.key] = message
                fresh.append((message, caller.traceParent))
                verdicts.append(.entered(message, isNew: true))
            }
        }
        try store(fresh, parents)
        return verdicts
    }

    private mutating func entry(of draft: MessageDraft, by caller: Caller) -> Message {
        let message = Message(
            roomID: room.id, seq: nextSeq(), id: MessageID(), clientID: draft.clientID, author: caller.user,
            body: draft.body, parentID: draft.parentID, sentAt: time)
        room.lastMessage = message.id
        return message
    }

    /// A resend is answered as the first was, however the message has changed since.
    private func verdict(on draft: MessageDraft, sentAs earlier: Message) throws -> RoomVerdict {
        let isChanged = earlier.editedAt != nil || earlier.deletedAt != nil
        let body = isChanged ? try writer.revisions(of: earlier.id).first?.body : earlier.body
        guard body == draft.body, earlier.parentID == draft.parentID else { return .refused(Self.reused) }
        return .entered(earlier, isNew: false)
    }

    private func store(
        _ fresh: [(message: Message, traceParent: String?)], _ parents: [MessageID: Message]
    ) throws {
        guard !fresh.isEmpty else { return }
        try writer.append(fresh.map(\.message))
        for (message, traceParent) in fresh {
            try writer.publish(
                MessageSent(
                    room: room.id, message: message.id, seq: message.seq, author: message.author,
                    parent: message.parentID, parentAuthor: message.parentID.flatMap { parents[$0]?.author },
                    mentions: message.mentions, audience: room.isPrivate ? room.members : nil,
                    video: room.kind == .video ? room.id : nil),
                key: room.id.description, traceParent: traceParent)
        }
    }

    // MARK: - Changing what was sent

    private mutating func revise(_ change: RoomChange) throws -> RoomVerdict {
        let (caller, time) = (change.caller, time)
        switch change.kind {
        case .send: return .refused(.notFound("message"))
        case .edit(let id, let body):
            return try revise(id, by: caller, where: { $0.author == caller.user }) {
                $0.body == body
            } with: {
                $0.body = body
                $0.editedAt = time
            }
        case .delete(let id):
            let isAllowed = { @Sendable (message: Message) in
                message.author == caller.user || caller.allows(.moderateChat)
            }
            return try revise(id, by: caller, where: isAllowed) {
                $0.deletedAt != nil
            } with: {
                $0.body = nil
                $0.deletedAt = time
                $0.deletedBy = caller.user
            }
        }
    }

    /// Nothing is entered where the message `isSo` already.
    private mutating func revise(
        _ id: MessageID, by caller: Caller, where isAllowed: (Message) -> Bool,
        unless isSo: (Message) -> Bool,
        with change: (inout Message) -> Void
    ) throws -> RoomVerdict {
        guard let before = try writer.message(id), before.roomID == room.id,
            room.isVisible(to: caller.user)
        else { return .refused(.notFound("message")) }
        guard isAllowed(before) else { return .refused(Self.notYours) }
        if isSo(before) { return .entered(before, isNew: false) }
        guard before.deletedAt == nil else { return .refused(.notFound("message")) }
        guard !room.isClosed else { return .refused(Self.closed) }
        var after = before
        change(&after)
        let entry = after.told(by: nextSeq())
        try writer.keep(
            MessageRevision(body: before.body, at: before.editedAt ?? before.sentAt, by: before.author),
            of: id, seq: entry.seq)
        try writer.replace(after)
        try writer.append([entry])
        try publish(entry, naming: after.mentions.filter { !before.mentions.contains($0) }, by: caller)
        return .entered(entry, isNew: true)
    }

    private func publish(_ entry: Message, naming new: [UserID], by caller: Caller) throws {
        let key = room.id.description
        if entry.deletedAt == nil {
            try writer.publish(
                MessageEdited(
                    room: room.id, message: entry.id, seq: entry.seq, by: caller.user,
                    mentions: new.isEmpty ? nil : new, audience: room.isPrivate ? room.members : nil,
                    video: room.kind == .video ? room.id : nil),
                key: key, traceParent: caller.traceParent)
        } else {
            try writer.publish(
                MessageDeleted(room: room.id, message: entry.id, seq: entry.seq, by: caller.user), key: key,
                traceParent: caller.traceParent)
        }
    }

    // MARK: - Refusals

    static let closed = Failure.conflict("room_closed", "This room is closed.")
    private static let parentMissing = Failure.conflict(
        "parent_missing", "The message that this answers is not in this room.")
    private static let reused = Failure.conflict(
        "client_id_reused", "This clientId was used for another message.")
    private static let notYours = Failure(
        .forbidden, "forbidden", "Only its author can change a message.")
}

extension Message {
    fileprivate var key: MessageKey { MessageKey(author: author, clientID: clientID) }
}
