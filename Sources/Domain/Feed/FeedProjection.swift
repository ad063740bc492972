package import Kernel

/// Makes activities and notifications of what other contexts tell.
///
/// Events hold ids; what is shown of a thing is read from its owner when its event comes, and goes with it. All effects
/// are idempotent by the event's id, so events may come twice, also to another group that rebuilds.
package struct FeedProjection: Sendable {
    package static let group = "feed"

    /// What an event means here.
    package typealias Reading = @Sendable (Event) async throws -> [FeedChange]

    private let store: any FeedStore
    private let pages: FeedPages
    private let notices: NotificationNotices
    private let readings: [String: Reading]

    /// `readings` by type of event; others mean nothing here.
    package init(
        store: any FeedStore, pages: FeedPages, notices: NotificationNotices, readings: [String: Reading]
    ) {
        self.store = store
        self.pages = pages
        self.notices = notices
        self.readings = readings
    }

    /// Without `mails`, nobody is written to: for events that were told long ago.
    package func apply(_ event: Event, mails: Bool = true) async throws {
        guard let reading = readings[event.type] else { return }
        let changes = try await reading(event)
        guard !changes.isEmpty else { return }
        let outcome = try await store.apply(changes, in: event.tenant, at: .now(), mails: mails)
        if outcome.changedFeed { await pages.changed(event.tenant) }
        for user in outcome.concerned { await notices.changed(user, in: event.tenant) }
    }
}

/// Reads old events anew beside the group that reads each for the first time.
///
/// Letters are due by whoever tells a notification first. So where that may be the second reader, it makes them due as the
/// group would.
package struct FeedRetelling: Sendable {
    /// Events so young may not have come to the group yet: they wait in an outbox, or clocks differ.
    package static let overlap: Duration = .seconds(600)

    private let begun: Timestamp

    /// Nil while the group has older events before it.
    package init?(at time: Timestamp, behind lag: ConsumerLag) {
        let oldest = lag.events == 0 ? nil : lag.oldest ?? Timestamp(milliseconds: 0)
        if let oldest, oldest < time - Self.overlap { return nil }
        begun = time
    }

    /// Whether an event's letters become due where its notifications are not there.
    package func mails(_ event: Event) -> Bool { event.time >= begun - Self.overlap }
}

/// Tells those who watch a person's notifications that they changed; a hint that may be lost.
package struct NotificationNotices: Sendable {
    private let pubSub: any PubSub

    package init(_ pubSub: any PubSub) { self.pubSub = pubSub }

    package func changed(_ user: UserID, in tenant: TenantID) async {
        // Watchers look again by themselves, so a lost hint costs seconds.
        try? await pubSub.publish(Self.channel(user, tenant), [])
    }

    /// Ends when the watcher falls behind or stops iterating.
    package func changes(
        of user: UserID, in tenant: TenantID
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        try await pubSub.subscribe(Self.channel(user, tenant), capacity: 8)
    }

    private static func channel(_ user: UserID, _ tenant: TenantID) -> String {
        "notifications.\(tenant).\(user)"
    }
}
