import Feed
import Kernel
import Testing

/// What every `FeedStore` promises about what is changed, taken back or gone.
@Suite struct FeedStoreForgettingContract {
    @Test(arguments: FeedStoreAdapter.all)
    func `a message that is taken back leaves the count once, and an activity goes with its last`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, room) = (try await stage.tenant(), UUIDv7())
            let start = Timestamp(milliseconds: 900_000 * 2_000_000)
            let said = (1...3).map { Activity.said("\($0)", in: room, at: start + .seconds($0)) }
            for (index, activity) in said.enumerated() {
                try await stage.apply(.tellMessage(activity, number: Int64(index + 1)), in: tenant)
            }
            // Its own clock was a little behind the event's.
            func takeBack(_ number: Int64, at time: Timestamp? = nil) async throws -> Bool {
                try await stage.apply(
                    .takeBack(room: room, number: number, at: time ?? start - .milliseconds(3)), in: tenant
                ).changedFeed
            }
            #expect(try await takeBack(2))
            #expect(try await !takeBack(2))
            #expect(try await !takeBack(9))
            #expect(try await !takeBack(1, at: start + .seconds(2_000)))
            #expect(try await stage.activities(tenant).map(\.count) == [2])
            #expect(try await stage.activities(tenant).map(\.excerpt) == ["3"])
            let (third, first) = (try await takeBack(3), try await takeBack(1))
            #expect(third && first)
            #expect(try await stage.activities(tenant).isEmpty)
            #expect(try await !takeBack(1))
            // A later one of the same quarter begins anew.
            let fourth = Activity.said("4", in: room, at: start + .seconds(9))
            try await stage.apply(.tellMessage(fourth, number: 5), in: tenant)
            #expect(try await stage.activities(tenant).map(\.count) == [1])
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `what is gone takes with it what was said of it`(_ adapter: FeedStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user, film) = (try await stage.tenant(), UserID(), UUIDv7())
            let (comment, room, message) = (UUIDv7(), UUIDv7(), UUIDv7())
            let kept = Activity.sample()
            let commented = FeedPlace(video: film, comment: comment)
            let spoken = FeedPlace(room: room, message: message)
            func tell() async throws {
                try await stage.apply(
                    .tell(kept), .tell(.sample(.videoUploaded, place: FeedPlace(video: film))),
                    .tell(.sample(.commentAdded, place: commented, excerpt: "secret")),
                    .tellMessage(.sample(.messagesSent, place: spoken, excerpt: "secret"), number: 1),
                    .notify(.sample(place: commented), [user]), .notify(.sample(place: spoken), [user]),
                    in: tenant)
            }
            try await tell()
            let outcome = try await stage.apply(.forget(.comment(comment)), in: tenant)
            #expect(outcome == FeedOutcome(changedFeed: true, concerned: [user]))
            #expect(try await stage.activities(tenant).count == 3)
            try await stage.apply(.forget(.message(message)), in: tenant)
            #expect(try await stage.activities(tenant).allSatisfy { $0.excerpt == nil })
            #expect(try await stage.activities(tenant).count == 3)
            #expect(try await stage.notifications(user, tenant).isEmpty)
            #expect(try await stage.store.unread(of: user, in: tenant) == 0)
            try await stage.apply(.forget(.video(film)), in: tenant)
            #expect(try await stage.activities(tenant).map(\.kind) == [.messagesSent, .videoUploaded])
            // Whose mail was due gets none about it.
            for mail in try await stage.claim(tenant) {
                #expect(
                    try await stage.store.content(
                        of: mail, kinds: Notification.Kind.allCases, after: nil, limit: 10
                    ).isEmpty)
            }
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `titles and texts follow their owners, and who leaves a room or the team keeps nothing of it`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, ann, ben) = (try await stage.tenant(), UserID(), UserID())
            let (film, room, message) = (UUIDv7(), UUIDv7(), UUIDv7())
            let place = FeedPlace(video: film, room: room, message: message)
            // One whose clock was ahead.
            let late = Notification.sample(place: place, at: .now() + .seconds(60))
            try await stage.apply(
                .tell(.sample(place: FeedPlace(video: film))), .notify(late, [ann, ben]),
                .notify(.sample(), [ann]), in: tenant)
            #expect(try await stage.apply(.retitle(video: film, "New"), in: tenant).changedFeed)
            #expect(try await !stage.apply(.retitle(video: film, "New"), in: tenant).changedFeed)
            try await stage.apply(.reword(.message(message), "other words"), in: tenant)
            #expect(try await stage.activities(tenant).map(\.title) == ["New"])
            let told = try await stage.notifications(ben, tenant)
            #expect(told.map(\.title) == ["New"] && told.map(\.excerpt) == ["other words"])
            #expect(
                try await stage.apply(.leave(room: room, [ben], until: nil), in: tenant).concerned == [ben])
            #expect(try await stage.notifications(ben, tenant).isEmpty)
            #expect(try await stage.notifications(ann, tenant).count == 2)
            _ = try await stage.store.changePreferences(of: ann, in: tenant) { _ in .standard }
            try await stage.apply(.forget(.person(ann)), in: tenant)
            #expect(try await stage.notifications(ann, tenant).isEmpty)
            #expect(try await stage.store.preferences(of: ann, in: tenant) == nil)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `who was let in again keeps what came since, also when the leaving is told again`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, ben, room) = (try await stage.tenant(), UserID(), UUIDv7())
            let start = Timestamp(milliseconds: 1_800_000_000_000)
            let place = FeedPlace(room: room, message: UUIDv7())
            let (old, new) = (
                Notification.sample(place: place, at: start),
                Notification.sample(place: place, at: start + .seconds(2))
            )
            let leave = FeedChange.leave(room: room, [ben], until: start + .seconds(1))
            try await stage.apply(.notify(old, [ben]), in: tenant)
            try await stage.apply(leave, in: tenant)
            try await stage.apply(.notify(new, [ben]), in: tenant)
            #expect(
                try await stage.store.markRead(.these([new.id]), of: ben, in: tenant, at: .now()) == 0)
            for change in [FeedChange.notify(old, [ben]), leave, .notify(new, [ben])] {
                try await stage.apply(change, in: tenant, mails: false)
            }
            let kept = try await stage.notifications(ben, tenant)
            #expect(kept.map(\.id) == [new.id] && kept.first?.readAt != nil)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `old things are forgotten, of all tenants`(_ adapter: FeedStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (one, other, user) = (try await stage.tenant(), try await stage.tenant(), UserID())
            let old = Timestamp(milliseconds: 1_000)
            for tenant in [one, other] {
                try await stage.apply(
                    .tell(.sample(at: old)), .tell(.sample()), .notify(.sample(at: old), [user]),
                    .notify(.sample(), [user]), in: tenant, mails: false)
            }
            #expect(try await stage.store.removeTold(before: Timestamp(milliseconds: 2_000)) == 4)
            for tenant in [one, other] {
                #expect(try await stage.activities(tenant).count == 1)
                #expect(try await stage.notifications(user, tenant).count == 1)
            }
        }
    }
}
