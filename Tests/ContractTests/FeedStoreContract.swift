import Feed
import Kernel
import Testing

/// What every `FeedStore` promises about what it is told, and about whom that concerns.
@Suite struct FeedStoreContract {
    @Test(arguments: FeedStoreAdapter.all)
    func `what was told is read back as it was, newest first and in pages`(_ adapter: FeedStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, other) = (try await stage.tenant(), try await stage.tenant())
            let told = Activity.Kind.allCases.map {
                Activity.sample($0, place: FeedPlace(video: UUIDv7(), room: UUIDv7(), comment: UUIDv7()))
            }
            for activity in told { #expect(try await stage.apply(.tell(activity), in: tenant).changedFeed) }
            #expect(try await stage.activities(tenant) == told.reversed())
            #expect(try await stage.activities(other).isEmpty)
            var (seen, after) = ([Activity](), UUIDv7?.none)
            repeat {
                let page = try await stage.store.activities(PageRequest(limit: 3, after: after), in: tenant)
                seen += page.items
                after = page.next
            } while after != nil
            #expect(seen == told.reversed())
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `an event that comes again changes nothing, also where it comes at the same time`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = (try await stage.tenant(), UserID())
            let (activity, notification) = (Activity.sample(), Notification.sample())
            let room = UUIDv7()
            let said = Activity.said("hello", in: room, at: Timestamp(milliseconds: 900_000))
            let changes: [FeedChange] = [
                .tell(activity), .notify(notification, [user, user]), .tellMessage(said, number: 4),
            ]
            let outcomes = try await withThrowingTaskGroup(of: FeedOutcome.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await stage.store.apply(changes, in: tenant, at: .now(), mails: true)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0.changedFeed } == 1)
            #expect(outcomes.count { $0.concerned == [user] } == 1)
            #expect(try await stage.activities(tenant).count == 2)
            #expect(try await stage.activities(tenant).allSatisfy { $0.count == 1 })
            #expect(try await stage.notifications(user, tenant) == [notification])
            #expect(try await stage.claim(tenant).count == 1)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `messages of a room are told together by the quarter of an hour, each counted once`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, room, other) = (try await stage.tenant(), UUIDv7(), UUIDv7())
            let start = Timestamp(milliseconds: 900_000 * 2_000_000)
            let said = (0..<5).map { Activity.said("\($0)", in: room, at: start + .seconds($0)) }
            for (number, activity) in said.enumerated() {
                try await stage.apply(.tellMessage(activity, number: Int64(number * 2)), in: tenant)
            }
            try await stage.apply(.tellMessage(said[1], number: 2), in: tenant)
            let elsewhere = Activity.said("there", in: other, at: start + .seconds(7))
            try await stage.apply(.tellMessage(elsewhere, number: 1), in: tenant)
            let later = Activity.said("later", in: room, at: start + .seconds(900))
            try await stage.apply(.tellMessage(later, number: 20), in: tenant)
            let feed = try await stage.activities(tenant)
            #expect(feed.map(\.excerpt) == ["later", "there", "4"] && feed.map(\.count) == [1, 1, 5])
            #expect(feed.last?.place.message == said[4].place.message)
            // One that was missing, as a rebuild tells it: the newest stays shown.
            let missing = Activity.said("missed", in: room, at: start + .seconds(1))
            #expect(try await stage.apply(.tellMessage(missing, number: 3), in: tenant).changedFeed)
            #expect(try await stage.activities(tenant).last?.count == 6)
            #expect(try await stage.activities(tenant).last?.excerpt == "4")
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `others are told of a thing once, and who was told of it is not told again`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, ann, ben) = (try await stage.tenant(), UserID(), UserID())
            for place in [
                FeedPlace(video: UUIDv7(), comment: UUIDv7()), FeedPlace(room: UUIDv7(), message: UUIDv7()),
            ] {
                let (first, later, last) = (
                    Notification.sample(.reply, place: place), Notification.sample(place: place),
                    Notification.sample(place: place)
                )
                try await stage.apply(.notify(first, [ann]), in: tenant)
                let outcome = try await stage.apply(.notifyOthers(later, [ann, ben]), in: tenant)
                #expect(outcome.concerned == [ben])
                for again in [later, last] {
                    let outcome = try await stage.apply(.notifyOthers(again, [ann, ben]), in: tenant)
                    #expect(outcome.concerned.isEmpty)
                }
                #expect(try await stage.notifications(ann, tenant).first == first)
                #expect(try await stage.notifications(ben, tenant).first == later)
            }
            #expect(try await stage.notifications(ben, tenant).count == 2)
            #expect(try await stage.claim(tenant).filter { $0.user == ben }.count == 2)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `a person's notifications are that person's and the team's alone, read one by one or all before one`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, other) = (try await stage.tenant(), try await stage.tenant())
            let (ann, ben) = (UserID(), UserID())
            let told = (0..<5).map { _ in Notification.sample() }
            for notification in told { try await stage.apply(.notify(notification, [ann]), in: tenant) }
            try await stage.apply(.notify(told[0], [ben]), in: tenant)
            #expect(try await stage.notifications(ann, tenant) == told.reversed())
            for (user, place) in [(ann, other), (UserID(), tenant)] {
                #expect(try await stage.notifications(user, place).isEmpty)
                let marked = try await stage.store.markRead(
                    .these(told.map(\.id)), of: user, in: place, at: .now())
                #expect(marked == 0)
            }
            #expect(try await stage.store.unread(of: ann, in: tenant) == 5)
            let time = Timestamp(milliseconds: 1_800_000_000_000)
            func mark(_ which: ReadSelection) async throws -> Int {
                try await stage.store.markRead(which, of: ann, in: tenant, at: time)
            }
            #expect(try await mark(.these([told[4].id, NotificationID()])) == 4)
            #expect(try await mark(.these([])) == 4)
            #expect(try await mark(.through(told[2].id)) == 1)
            #expect(try await mark(.through(told[2].id)) == 1)
            #expect(try await stage.notifications(ann, tenant, unreadOnly: true).map(\.id) == [told[3].id])
            #expect(try await stage.notifications(ann, tenant).first?.readAt == time)
            #expect(try await stage.store.unread(of: ben, in: tenant) == 1)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `what a person does not want shown is not there, and is not told as new`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = (try await stage.tenant(), UserID())
            var preferences = NotificationPreferences.standard
            preferences.inApp[.mention] = false
            preferences.email[.reply] = .off
            preferences.inApp[.reply] = false
            let chosen = try await stage.store.changePreferences(of: user, in: tenant) { [preferences] old in
                #expect(old == nil)
                return preferences
            }
            #expect(chosen == preferences)
            #expect(try await stage.store.preferences(of: user, in: tenant) == preferences)
            let outcome = try await stage.apply(
                .notify(.sample(.mention), [user]), .notify(.sample(.reply), [user]), in: tenant)
            #expect(outcome.concerned.isEmpty)
            #expect(try await stage.notifications(user, tenant).isEmpty)
            #expect(try await stage.store.unread(of: user, in: tenant) == 0)
            // By mail alone, as chosen.
            let mails = try await stage.claim(tenant)
            #expect(mails.count == 1)
            #expect(
                try await stage.store.content(
                    of: mails[0], kinds: Notification.Kind.allCases, after: nil, limit: 5
                ).map(\.kind) == [.mention])
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `changes of preferences that come at once are all kept, and one that fails changes nothing`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = (try await stage.tenant(), UserID())
            let kinds = Notification.Kind.allCases.prefix(4)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for kind in kinds {
                    group.addTask {
                        _ = try await stage.store.changePreferences(of: user, in: tenant) { old in
                            var new = old ?? .standard
                            new.inApp[kind] = false
                            return new
                        }
                    }
                }
                try await group.waitForAll()
            }
            let kept = try #require(try await stage.store.preferences(of: user, in: tenant))
            #expect(kept.inApp == Dictionary(uniqueKeysWithValues: kinds.map { ($0, false) }))
            let refusal = await #expect(throws: Failure.self) {
                _ = try await stage.store.changePreferences(of: user, in: tenant) { _ in
                    throw Failure.invalid("timeZone", "unknown", "No such zone.")
                }
            }
            #expect(refusal?.code == "invalid_request")
            #expect(try await stage.store.preferences(of: user, in: tenant) == kept)
        }
    }
}
