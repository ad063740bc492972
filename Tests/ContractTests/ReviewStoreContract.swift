import Kernel
import Testing

@testable import Videos

/// What every `ReviewStore` promises.
@Suite struct ReviewStoreContract {
    private struct Refusal: Error {}
    private static let time = Timestamp(milliseconds: 1_800_000_000_500)

    @Test(arguments: ReviewStoreAdapter.all)
    func `comments are read back as they were saved, and saving again replaces`(
        _ adapter: ReviewStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), VideoID())
            let guest = Videos.Comment.sample(of: video, author: .guest(name: "Gäste", share: ShareID()))
            var settled = Videos.Comment.sample(of: video)
            _ = settled.resolve(true, by: UserID(), at: Self.time)
            var gone = Videos.Comment.sample(of: video, parent: guest.id)
            for comment in [Videos.Comment.sample(of: video), guest, settled, gone] {
                try await stage.write(tenant) { try $0.save(comment) }
                #expect(try await stage.store.read(tenant) { try $0.comment(comment.id) } == comment)
            }
            gone.delete(at: Self.time)
            let deleted = gone
            try await stage.write(tenant) { try $0.save(deleted) }
            let read = try await stage.store.read(tenant) { try $0.comment(deleted.id) }
            #expect(read == deleted && read?.body == nil && read?.drawing == nil)
            #expect(try await stage.store.read(tenant) { try $0.comment(CommentID()) } == nil)
        }
    }

    @Test(arguments: ReviewStoreAdapter.all, [PageRequest.Order.newestFirst, .oldestFirst])
    func `comments of a video come in pages, of threads that are settled or are not where asked`(
        _ adapter: ReviewStoreAdapter, _ order: PageRequest.Order
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), VideoID())
            let open = Videos.Comment.sample(of: video)
            let settled = Videos.Comment.sample(of: video, resolution: .init(at: Self.time, by: UserID()))
            let replies = [open, settled, open].map { Videos.Comment.sample(of: video, parent: $0.id) }
            let all = [open, settled] + replies
            let other = Videos.Comment.sample(of: VideoID())
            try await stage.write(tenant) { writer in for one in all + [other] { try writer.save(one) } }
            for (isResolved, wanted) in [
                (nil, all), (false, [open, replies[0], replies[2]]), (true, [settled, replies[1]]),
            ] {
                let expected = order == .oldestFirst ? wanted : wanted.reversed()
                #expect(try await stage.list(tenant, video, isResolved, order) == expected)
            }
            let ids = try await stage.store.read(tenant) {
                try $0.commentIDs(PageRequest(limit: 10, order: .oldestFirst)).items
            }
            #expect(ids == (all + [other]).map(\.id))
        }
    }

    @Test(arguments: ReviewStoreAdapter.all)
    func `comments are removed oldest first, of one video alone`(_ adapter: ReviewStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), VideoID())
            let comments = (0..<5).map { _ in Videos.Comment.sample(of: video) }
            let kept = Videos.Comment.sample(of: VideoID())
            try await stage.write(tenant) { writer in for one in comments + [kept] { try writer.save(one) } }
            var removed: [[CommentID]] = []
            for _ in 0..<4 {
                removed.append(
                    try await stage.store.write(WriteContext(tenant: tenant)) {
                        try $0.removeComments(of: video, limit: 2)
                    })
            }
            #expect(removed.map(\.count) == [2, 2, 1, 0] && removed.flatMap(\.self) == comments.map(\.id))
            #expect(try await stage.store.read(tenant) { try $0.comment(kept.id) } == kept)
        }
    }

    @Test(arguments: ReviewStoreAdapter.all)
    func `a member has one verdict on a version`(_ adapter: ReviewStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, video, user) = (TenantID(), VideoID(), UserID())
            func verdict(_ user: UserID, _ state: Approval.State, _ note: String?, _ at: Int64) -> Approval {
                Approval(
                    video: video, user: user, state: state, note: note, at: Timestamp(milliseconds: at))
            }
            let first = verdict(user, .changesRequested, "Louder, 'please'", 1)
            let others = verdict(UserID(), .approved, nil, 2)
            let second = verdict(user, .approved, nil, 3)
            func read() async throws -> [Approval] {
                try await stage.store.read(tenant) { try $0.approvals(of: video) }
            }
            try await stage.write(tenant) { writer in
                try writer.save(first)
                try writer.save(others)
            }
            #expect(try await read() == [first, others])
            try await stage.write(tenant) { try $0.save(second) }
            #expect(try await read() == [others, second])
            try await stage.write(tenant) { _ = try $0.removeApprovals(by: user, of: VideoID(), limit: 9) }
            #expect(try await read() == [others, second])
            try await stage.write(tenant) { writer throws in
                #expect(try writer.removeApprovals(by: user, of: video, limit: 9) == [video])
                #expect(try writer.removeApprovals(by: user, of: video, limit: 9).isEmpty)
            }
            #expect(try await read() == [others])
            let more = (0..<3).map { _ in VideoID() }
            try await stage.write(tenant) { writer in
                for video in more {
                    try writer.save(
                        Approval(video: video, user: user, state: .approved, note: nil, at: Self.time))
                }
                #expect(try writer.removeApprovals(by: user, of: nil, limit: 2) == Array(more.prefix(2)))
                #expect(try writer.removeApprovals(by: user, of: nil, limit: 2) == [more[2]])
            }
            #expect(try await read() == [others])
        }
    }

    @Test(arguments: ReviewStoreAdapter.all)
    func `many comments at once are all counted`(_ adapter: ReviewStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), Video.sample())
            try await stage.save(video, tenant)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<24 {
                    group.addTask {
                        try await stage.write(tenant) { writer in
                            let comment = Videos.Comment.sample(of: video.id)
                            var summary = try writer.video(video.id)?.review ?? ReviewSummary()
                            summary.replace(nil, by: comment)
                            try writer.save(comment)
                            try writer.save(summary, of: video.id)
                        }
                    }
                }
                // What else changes the video keeps its counts.
                group.addTask {
                    for _ in 0..<8 {
                        _ = try await stage.videos.write(WriteContext(tenant: tenant)) { writer in
                            var video = try VideoLibrary.found(try writer.video(video.id))
                            video.rename("Another", at: Self.time)
                            try writer.save(video)
                            return true
                        }
                    }
                }
                try await group.waitForAll()
            }
            let read = try await stage.store.read(tenant) { try $0.video(video.id) }
            #expect(read?.review == ReviewSummary(comments: 24, openThreads: 24, revision: 24))
            #expect(read?.title == "Another")
        }
    }

    @Test(arguments: ReviewStoreAdapter.all)
    func `a body that fails changes and publishes nothing`(_ adapter: ReviewStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), Video.sample())
            try await stage.save(video, tenant)
            let comment = Videos.Comment.sample(of: video.id)
            let link = ShareLink.sample(of: video.id)
            await #expect(throws: Refusal.self) {
                try await stage.write(tenant) { writer in
                    try writer.save(comment)
                    try writer.insert(link, passwordHash: nil)
                    try writer.save(ReviewSummary(approval: .approved, comments: 9), of: video.id)
                    try writer.publish(
                        CommentEdited(video: video.id, comment: comment.id, by: nil, mentions: nil), key: "k")
                    throw Refusal()
                }
            }
            try await stage.store.read(tenant) { reader throws in
                #expect(try reader.comment(comment.id) == nil && reader.share(link.id) == nil)
                #expect(try reader.video(video.id) == video)
            }
            #expect(try await stage.published().isEmpty)
        }
    }

    @Test(arguments: ReviewStoreAdapter.all)
    func `another tenant finds and changes nothing`(_ adapter: ReviewStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (mine, theirs, video) = (TenantID(), TenantID(), Video.sample())
            try await stage.save(video, mine)
            let comment = Videos.Comment.sample(of: video.id)
            let link = ShareLink.sample(of: video.id)
            let verdict = Approval(
                video: video.id, user: UserID(), state: .approved, note: nil, at: Self.time)
            try await stage.write(mine) { writer in
                try writer.save(comment)
                try writer.insert(link, passwordHash: nil)
                try writer.save(verdict)
            }
            try await stage.write(theirs) { writer in
                let page = PageRequest(limit: 10)
                #expect(try writer.video(video.id) == nil && writer.comment(comment.id) == nil)
                #expect(try writer.comments(of: video.id, page, isResolved: false).items.isEmpty)
                #expect(try writer.commentIDs(page).items.isEmpty)
                #expect(try writer.approvals(of: video.id).isEmpty && writer.share(link.id) == nil)
                #expect(try writer.passwordHash(of: link.id) == nil)
                #expect(try writer.shares(of: video.id, page).items.isEmpty)
                var gone = comment
                gone.delete(at: Self.time)
                try writer.save(gone)
                var revoked = link
                _ = revoked.revoke(at: Self.time)
                try writer.save(revoked)
                try writer.save(ReviewSummary(comments: 9), of: video.id)
                #expect(try writer.removeApprovals(by: verdict.user, of: nil, limit: 9).isEmpty)
                #expect(try writer.removeComments(of: video.id, limit: 10).count == 1, "its own alone")
            }
            try await stage.store.read(mine) { reader throws in
                #expect(try reader.comment(comment.id) == comment && reader.share(link.id) == link)
                #expect(try reader.approvals(of: video.id) == [verdict])
                #expect(try reader.video(video.id) == video)
            }
        }
    }

    @Test(arguments: ReviewStoreAdapter.all)
    func `versions of a film are found by its stack, with those of before there were any`(
        _ adapter: ReviewStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, first) = (TenantID(), Video.sample(state: .ready))
            var (second, third) = (Video.sample(state: .ready), Video.sample(state: .awaitingUpload))
            second.version = .init(stack: first.id, number: 2, isLatest: true)
            third.version = .init(stack: first.id, number: 3, isLatest: false)
            var old = first
            old.version.isLatest = false
            let other = Video.sample(state: .ready)
            for video in [old, second, third, other] { try await stage.save(video, tenant) }
            let (found, latest) = try await stage.videos.read(tenant) { reader in
                (
                    try reader.versions(of: first.id),
                    try reader.videos(PageRequest(limit: 10), state: nil, latest: true).items
                )
            }
            #expect(found == [third, second, old])
            #expect(latest == [other, second])
        }
    }

    @Test(arguments: ReviewStoreAdapter.all)
    func `a removed video takes verdicts and links with it`(_ adapter: ReviewStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), Video.sample())
            try await stage.save(video, tenant)
            let link = ShareLink.sample(of: video.id)
            try await stage.write(tenant) { writer in
                try writer.insert(link, passwordHash: nil)
                try writer.save(
                    Approval(video: video.id, user: UserID(), state: .approved, note: nil, at: Self.time))
            }
            _ = try await stage.videos.write(WriteContext(tenant: tenant)) { writer in
                try writer.remove(video.id)
                return true
            }
            try await stage.store.read(tenant) { reader throws in
                #expect(try reader.share(link.id) == nil && reader.approvals(of: video.id).isEmpty)
            }
        }
    }
}

extension ReviewStoreStage {
    /// All pages, two comments each.
    fileprivate func list(
        _ tenant: TenantID, _ video: VideoID, _ isResolved: Bool?, _ order: PageRequest.Order
    ) async throws -> [Videos.Comment] {
        var (listed, after): ([Videos.Comment], UUIDv7?) = ([], nil)
        repeat {
            let request = PageRequest(limit: 2, after: after, order: order)
            let page = try await store.read(tenant) {
                try $0.comments(of: video, request, isResolved: isResolved)
            }
            listed += page.items
            after = page.next
        } while after != nil
        return listed
    }
}
