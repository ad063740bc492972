package import Kernel

/// What people ask of the feed and of their notifications.
package struct TeamFeed: Sendable {
    /// In one call that marks as read.
    package static let maximumMarked = 100

    private let store: any FeedStore
    private let pages: FeedPages
    private let now: @Sendable () -> Timestamp

    package init(
        store: any FeedStore, pages: FeedPages, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.pages = pages
        self.now = now
    }

    package func activities(_ page: PageRequest, _ caller: Caller) async throws -> Page<Activity> {
        try caller.require(.readFeed)
        guard page.after == nil, page.order == .newestFirst else {
            return try await store.activities(page, in: caller.tenant)
        }
        return try await pages.first(page.limit, in: caller.tenant)
    }

    package func notifications(
        _ page: PageRequest, unreadOnly: Bool = false, _ caller: Caller
    ) async throws -> Page<Notification> {
        try caller.require(.readFeed)
        return try await store.notifications(
            page, of: caller.user, unreadOnly: unreadOnly, in: caller.tenant)
    }

    package func unread(_ caller: Caller) async throws -> Int {
        try caller.require(.readFeed)
        return try await store.unread(of: caller.user, in: caller.tenant)
    }

    /// How many are unread then.
    package func markRead(_ which: ReadSelection, _ caller: Caller) async throws -> Int {
        try caller.require(.readFeed)
        if case .these(let ids) = which, ids.count > Self.maximumMarked {
            throw Failure.invalid(
                "ids", "too_many", "At most \(Self.maximumMarked) notifications can be marked at once.")
        }
        return try await store.markRead(which, of: caller.user, in: caller.tenant, at: now())
    }

    package func preferences(_ caller: Caller) async throws -> NotificationPreferences {
        try caller.require(.readFeed)
        return try await store.preferences(of: caller.user, in: caller.tenant) ?? .standard
    }

    /// `change` gets what there is, so that of two changes at once none is lost. What they are then.
    package func changePreferences(
        _ caller: Caller,
        _ change: @escaping @Sendable (NotificationPreferences) throws -> NotificationPreferences
    ) async throws -> NotificationPreferences {
        try caller.require(.readFeed)
        return try await store.changePreferences(of: caller.user, in: caller.tenant) {
            try change($0 ?? .standard).checked()
        }
    }
}
