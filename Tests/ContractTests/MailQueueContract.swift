import Feed
import Kernel
import Testing

/// What every `MailQueue` promises.
@Suite struct MailQueueContract {
    private let start = Timestamp(milliseconds: 1_800_000_000_000)

    @Test(arguments: FeedStoreAdapter.all)
    func `a mail is taken by one at a time, until its lease lapses, and once it is done by nobody`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = (try await stage.tenant(), UserID())
            let told = Notification.sample(.mention)
            try await stage.apply(.notify(told, [user]), in: tenant, at: start)
            #expect(try await stage.claim(tenant, at: start - .seconds(1)).isEmpty)
            let first = try await stage.claim(tenant, at: start)
            #expect(first.map(\.channel) == [.instant(told.id)] && first.map(\.attempt) == [1])
            #expect(first.map(\.user) == [user])
            #expect(
                try await stage.store.content(of: first[0], kinds: [.mention], after: nil, limit: 5) == [told]
            )
            #expect(try await stage.claim(tenant, at: start + .seconds(59)).isEmpty)
            let second = try await stage.claim(tenant, at: start + .seconds(60))
            #expect(second.map(\.attempt) == [2] && second.map(\.letter) == first.map(\.letter))
            #expect(try await !stage.store.finish(first[0], .sent, at: start))
            #expect(try await stage.store.finish(second[0], .sent, at: start))
            #expect(try await !stage.store.finish(second[0], .sent, at: start))
            #expect(try await stage.claim(tenant, at: start + .seconds(10_000)).isEmpty)
            // The event comes again.
            try await stage.apply(.notify(told, [user]), in: tenant, at: start)
            #expect(try await stage.claim(tenant, at: start + .seconds(10_000)).isEmpty)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func
        `a security letter is due at once whatever was chosen, once for what happened, and about no notification`(
            _ adapter: FeedStoreAdapter
        ) async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, user, other) = (try await stage.tenant(), UserID(), UserID())
            var silent = NotificationPreferences.standard
            silent.email = [:]
            silent.quietHours = QuietHours(from: 0, until: 1_439)
            _ = try await stage.store.changePreferences(of: user, in: tenant) { [silent] _ in silent }
            let change = FeedChange.warn(user, .passwordChanged, at: start)
            for _ in 0..<2 { try await stage.apply(change, in: tenant, at: start + .seconds(1)) }
            let mails = try await stage.claim(tenant, at: start + .seconds(1))
            #expect(mails.map(\.channel) == [.security(.passwordChanged, at: start)])
            #expect(mails.map(\.user) == [user])
            let all = Notification.Kind.allCases
            #expect(try await stage.store.content(of: mails[0], kinds: all, after: nil, limit: 5).isEmpty)
            #expect(try await stage.store.finish(mails[0], .sent, at: start + .seconds(2)))
            try await stage.apply(change, in: tenant, at: start + .seconds(3))
            #expect(try await stage.claim(tenant, at: start + .seconds(10_000)).isEmpty)
            // It happens again, and to another.
            for (user, seconds) in [(user, 60.0), (other, 0)] {
                try await stage.apply(
                    .warn(user, .passwordChanged, at: start + .seconds(seconds)), in: tenant,
                    at: start + .seconds(60))
            }
            #expect(try await stage.claim(tenant, at: start + .seconds(60)).count == 2)
            #expect(try await stage.notifications(user, tenant).isEmpty)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `many who claim at once get each mail once`(_ adapter: FeedStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (one, other) = (try await stage.tenant(), try await stage.tenant())
            for tenant in [one, other] {
                for _ in 0..<6 {
                    try await stage.apply(.notify(.sample(), [UserID()]), in: tenant, at: start)
                }
            }
            let taken = try await withThrowingTaskGroup(of: [QueuedMail].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var taken: [QueuedMail] = []
                        for _ in 0..<8 {
                            taken += try await stage.store.claim(3, lease: .seconds(60), at: start)
                        }
                        return taken
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(taken.map(\.letter)).count == taken.count && taken.count == 12)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `a mail comes again when it was postponed or failed, and a dead one is counted`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = (try await stage.tenant(), UserID())
            let told = Notification.sample(at: start + .seconds(3_600))
            try await stage.apply(.notify(told, [user]), in: tenant, at: start)
            var time = start
            func claim() async throws -> QueuedMail {
                let mails = try await stage.claim(tenant, at: time)
                return try #require(mails.first)
            }
            #expect(try await stage.store.finish(claim(), .postpone(until: start + .seconds(30)), at: time))
            #expect(try await stage.claim(tenant, at: start + .seconds(29)).isEmpty)
            time = start + .seconds(30)
            let again = try await claim()
            #expect(again.attempt == 1)
            let retry = MailOutcome.retry(at: time + .seconds(5), reason: "later")
            #expect(try await stage.store.finish(again, retry, at: time))
            time = time + .seconds(5)
            #expect(try await stage.store.depth() == MailDepth(waiting: 1, dead: 0))
            let last = try await claim()
            #expect(last.attempt == 2)
            #expect(try await stage.store.finish(last, .dead(reason: "no such person"), at: time))
            #expect(try await stage.store.depth() == MailDepth(waiting: 0, dead: 1))
            #expect(try await stage.store.removeTold(before: time) == 0)
            #expect(try await stage.store.removeTold(before: time + .seconds(1)) == 1)
        }
    }

    @Test(arguments: FeedStoreAdapter.all)
    func `a digest is one mail for a person and a time, and holds what was not read by then`(
        _ adapter: FeedStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user, other) = (try await stage.tenant(), UserID(), UserID())
            let told = (0..<4).map { _ in Notification.sample(.comment) }
            for notification in told {
                try await stage.apply(.notify(notification, [user]), in: tenant, at: start)
            }
            try await stage.apply(.notify(told[0], [other]), in: tenant, at: start, mails: false)
            _ = try await stage.store.markRead(.these([told[1].id]), of: user, in: tenant, at: start)
            let due = LocalTime("UTC").next(hour: 8, weekly: false, after: start)
            #expect(try await stage.claim(tenant, at: due - .milliseconds(1)).isEmpty)
            let mails = try await stage.claim(tenant, at: due)
            #expect(mails.map(\.channel) == [.digest(due)] && mails.map(\.user) == [user])
            func content(
                _ kinds: [Notification.Kind], after last: Notification? = nil, limit: Int = 10
            ) async throws -> [Notification] {
                try await stage.store.content(of: mails[0], kinds: kinds, after: last?.id, limit: limit)
            }
            let comments = try await content([.comment])
            #expect(comments.map(\.id) == [told[0].id, told[2].id, told[3].id])
            #expect(try await content([.comment], limit: 2).map(\.id) == [told[0].id, told[2].id])
            #expect(try await content([.comment], after: told[0], limit: 1).map(\.id) == [told[2].id])
            #expect(try await content([.comment], after: told[3]).isEmpty)
            // The bound is of those that are asked for.
            let verdict = Notification.sample(.approval)
            try await stage.apply(.notify(verdict, [user]), in: tenant, at: start)
            #expect(try await content([.approval, .reply], limit: 1).map(\.id) == [verdict.id])
            #expect(try await content([]).isEmpty)
            // The next day has its own.
            try await stage.apply(.notify(.sample(.comment), [user]), in: tenant, at: due)
            #expect(try await stage.claim(tenant, at: due + .seconds(86_400)).count == 2)
        }
    }
}
