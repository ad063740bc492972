package import Feed
package import Kernel

/// The queue of mails, over all databases that tenants are in.
extension RelationalFeedStore: MailQueue {
    package func claim(
        _ limit: Int, lease: Duration, at time: Timestamp
    ) async throws -> [QueuedMail] {
        var candidates: [Candidate] = []
        var failure: (any Error)?
        for (index, part) in parts.enumerated() {
            do {
                candidates += try await Self.candidates(in: part, limit, at: time, index)
            } catch {
                if Task.isCancelled { throw error }
                failure = error
            }
        }
        var claimed: [QueuedMail] = []
        var away: Set<Int> = []
        for candidate in candidates.sorted(by: { $0.due < $1.due })
        where claimed.count < limit && !away.contains(candidate.part) {
            do {
                if let mail = try await claim(candidate, until: time + lease) { claimed.append(mail) }
            } catch {
                if Task.isCancelled { throw error }
                failure = error
                away.insert(candidate.part)
            }
        }
        if let failure, claimed.isEmpty { throw failure }
        return claimed
    }

    private struct Candidate: Sendable {
        let part: Int
        let tenant: TenantID
        let user: UserID
        let key: String
        let due: Timestamp
    }

    private static func candidates(
        in part: Database, _ limit: Int, at time: Timestamp, _ index: Int
    ) async throws -> [Candidate] {
        try await part.readAllTenants { reader in
            try reader.select(
                "tenant_id, user_id, key, due_at", from: .allMails,
                where: "state = 'waiting' AND due_at <= \(time)", then: "ORDER BY due_at LIMIT \(limit)"
            ) {
                try Candidate(
                    part: index, tenant: $0.next(), user: $0.next(), key: $0.next(), due: $0.next())
            }
        }
    }

    /// Whoever moves the time at which it is due has it until then.
    private func claim(_ candidate: Candidate, until end: Timestamp) async throws -> QueuedMail? {
        let found = try await database.write(WriteContext(tenant: candidate.tenant)) { transaction in
            try transaction.rows.update(
                .notificationMails, set: "due_at = \(end), attempts = attempts + 1",
                where: """
                    user_id = \(candidate.user) AND key = \(candidate.key) AND state = 'waiting' \
                    AND due_at = \(candidate.due)
                    """, returning: "letter, attempts"
            ) { MailRows.Claim(letter: try $0.next(UUIDv7.self).description, attempt: try $0.next()) }
        }
        guard let claim = found.first, let letter = UUIDv7(claim.letter),
            let channel = MailRows.channel(candidate.key)
        else { return nil }
        return QueuedMail(
            tenant: candidate.tenant, user: candidate.user, channel: channel, letter: letter,
            attempt: claim.attempt)
    }

    package func content(
        of mail: QueuedMail, kinds: [Notification.Kind], after last: NotificationID?, limit: Int
    ) async throws -> [Notification] {
        let chosen: SQLText
        switch mail.channel {
        case .instant(let id): chosen = "id = \(id)"
        case .digest(let due): chosen = "digest_at = \(due)"
        case .security: return []
        }
        let names = kinds.map(\.rawValue)
        let behind: SQLText = last.map { " AND id > \($0)" } ?? ""
        return try await database.read(mail.tenant) { reader in
            try reader.select(
                FeedRows.notificationColumns, from: .notifications,
                where: """
                    user_id = \(mail.user) AND read_at IS NULL AND kind IN \(list: names) \
                    AND \(chosen)\(behind)
                    """,
                then: "ORDER BY id LIMIT \(limit)", decode: FeedRows.notification)
        }
    }

    package func finish(
        _ mail: QueuedMail, _ outcome: MailOutcome, at time: Timestamp
    ) async throws -> Bool {
        let change: SQLText =
            switch outcome {
            case .sent: "state = 'sent', reason = NULL"
            case .dropped: "state = 'dropped', reason = NULL"
            case .dead(let reason): "state = 'dead', reason = \(reason)"
            case .retry(let due, let reason): "due_at = \(due), reason = \(reason)"
            case .postpone(let due): "due_at = \(due), attempts = attempts - 1"
            }
        let key = MailRows.key(mail.channel)
        return try await database.write(WriteContext(tenant: mail.tenant)) { transaction in
            try transaction.rows.update(
                .notificationMails, set: "\(change), updated_at = \(time)",
                where: """
                    user_id = \(mail.user) AND key = \(key) AND state = 'waiting' \
                    AND attempts = \(mail.attempt)
                    """) == 1
        }
    }

    package func depth() async throws -> MailDepth {
        var depth = MailDepth(waiting: 0, dead: 0)
        var failures: [any Error] = []
        for part in parts {
            do {
                for (state, count) in try await Self.counts(in: part) {
                    if state == "dead" { depth.dead += count } else { depth.waiting += count }
                }
            } catch {
                failures.append(error)
            }
        }
        if let failure = failures.first, failures.count == parts.count { throw failure }
        return depth
    }

    private static func counts(in part: Database) async throws -> [(state: String, count: Int)] {
        try await part.readAllTenants { reader in
            try reader.select(
                "state, count(*)", from: .allMails, where: "state IN ('waiting', 'dead')",
                then: "GROUP BY state"
            ) { (state: try $0.next(String.self), count: try $0.next(Int.self)) }
        }
    }
}

extension RelationalFeedStore {
    package func removeTold(before time: Timestamp) async throws -> Int {
        var removed = 0
        for part in parts {
            removed += try await remove(in: part, .allActivities, "feed_activities", "id", "at < \(time)")
            removed += try await remove(
                in: part, .allNotifications, "notifications", "user_id, id", "at < \(time)")
            removed += try await remove(
                in: part, .allMails, "notification_mails", "user_id, key",
                "state <> 'waiting' AND updated_at < \(time)")
        }
        return removed
    }

    private func remove(
        in part: Database, _ table: SystemTable, _ name: String, _ key: String, _ condition: SQLText
    ) async throws -> Int {
        try await part.removeInParts { writer, limit in
            var chosen = SQLText(
                stringLiteral: "(tenant_id, \(key)) IN (SELECT tenant_id, \(key) FROM \(name) WHERE ")
            chosen = "\(chosen)\(condition) LIMIT \(limit))"
            return try writer.delete(from: table, where: chosen)
        }
    }
}

/// How mails lie in their rows.
enum MailRows {
    struct Claim: Codable, Sendable {
        let letter: String
        let attempt: Int
    }

    static func key(_ channel: QueuedMail.Channel) -> String {
        switch channel {
        case .instant(let id): "instant/\(id)"
        case .digest(let due): "digest/\(due.milliseconds)"
        case .security(let letter, let time): "\(letter.rawValue)/\(time.milliseconds)"
        }
    }

    static func channel(_ key: String) -> QueuedMail.Channel? {
        let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        if parts[0] == "instant" { return NotificationID(parts[1]).map { .instant($0) } }
        guard let time = Int64(parts[1]).map(Timestamp.init(milliseconds:)) else { return nil }
        if parts[0] == "digest" { return .digest(time) }
        return SecurityLetter(rawValue: parts[0]).map { .security($0, at: time) }
    }
}
