package import Feed
package import Kernel

/// Activities, notifications and due mails in the relational store.
package struct RelationalFeedStore: FeedStore {
    let database: Database
    /// Each database that may hold rows of tenants.
    let parts: [Database]

    /// Clean-up and the queue of mails look through `parts`, where tenants are in more databases than one.
    package init(_ database: Database, parts: [Database] = []) {
        self.database = database
        self.parts = parts.isEmpty ? [database] : parts
    }

    package func apply(
        _ changes: [FeedChange], in tenant: TenantID, at time: Timestamp, mails: Bool
    ) async throws -> FeedOutcome {
        try await database.write(WriteContext(tenant: tenant)) { transaction in
            var change = FeedTransaction(rows: transaction.rows, time: time, mails: mails)
            for entry in changes { try change.apply(entry) }
            return change.outcome
        }
    }

    package func activities(_ page: PageRequest, in tenant: TenantID) async throws -> Page<Activity> {
        try await database.read(tenant) { reader in
            let slice = SQLText.rows(of: page)
            let found = try reader.select(
                FeedRows.activityColumns, from: .feedActivities, where: slice.condition, then: slice.tail,
                decode: FeedRows.activity)
            return Page(reading: found, limit: page.limit) { $0.id.uuid }
        }
    }

    package func notifications(
        _ page: PageRequest, of user: UserID, unreadOnly: Bool, in tenant: TenantID
    ) async throws -> Page<Notification> {
        try await database.read(tenant) { reader in
            let slice = SQLText.rows(of: PageRequest(limit: page.limit, after: page.after))
            var condition: SQLText = "user_id = \(user) AND shown = 1"
            if unreadOnly { condition.append(" AND read_at IS NULL") }
            if let after = slice.condition { condition = "\(condition) AND \(after)" }
            let found = try reader.select(
                FeedRows.notificationColumns, from: .notifications, where: condition, then: slice.tail,
                decode: FeedRows.notification)
            return Page(reading: found, limit: page.limit) { $0.id.uuid }
        }
    }

    package func unread(of user: UserID, in tenant: TenantID) async throws -> Int {
        try await database.read(tenant) { try FeedRows.unread(of: user, $0) }
    }

    package func markRead(
        _ which: ReadSelection, of user: UserID, in tenant: TenantID, at time: Timestamp
    ) async throws -> Int {
        try await database.write(WriteContext(tenant: tenant)) { transaction in
            let chosen: SQLText =
                switch which {
                case .these(let ids): "id IN \(list: ids)"
                case .through(let id): "id <= \(id)"
                }
            try transaction.rows.update(
                .notifications, set: "read_at = \(time)",
                where: "user_id = \(user) AND read_at IS NULL AND shown = 1 AND \(chosen)")
            return try FeedRows.unread(of: user, transaction.rows.reader)
        }
    }

    package func preferences(
        of user: UserID, in tenant: TenantID
    ) async throws -> NotificationPreferences? {
        try await database.read(tenant) { try FeedRows.preferences(of: user, $0) }
    }

    package func changePreferences(
        of user: UserID, in tenant: TenantID,
        _ change: @escaping @Sendable (NotificationPreferences?) throws -> NotificationPreferences
    ) async throws -> NotificationPreferences {
        try await database.write(WriteContext(tenant: tenant)) { transaction in
            let rows = transaction.rows
            let preferences = try change(FeedRows.preferences(of: user, rows.reader))
            try rows.upsert(
                into: .notificationPreferences,
                ["user_id": user, "preferences": try JSON.encode(preferences)],
                key: "tenant_id, user_id", change: "preferences = excluded.preferences")
            return preferences
        }
    }
}

extension TenantTable {
    static let feedActivities = TenantTable("feed_activities")
    static let notifications = TenantTable("notifications")
    static let notificationPreferences = TenantTable("notification_preferences")
    static let notificationMails = TenantTable("notification_mails")
}

extension SystemTable {
    // For the clean-up and the queue alone, which work through all tenants.
    static let allActivities = SystemTable("feed_activities")
    static let allNotifications = SystemTable("notifications")
    static let allMails = SystemTable("notification_mails")
}
