import Crypto
import Kernel
import Memory
import Relational
import Security
import TestDatabase
import Testing

@testable import Videos

/// Comments, verdicts and versions, as the use cases play together.
@Suite struct ReviewUseTests {
    @Test func `comments are counted, edited by their authors, settled by others and told of`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            _ = try await stage.react()
            let (ann, bea) = (stage.member(), stage.member())
            let reviews = stage.reviews
            let top = try await reviews.add(.init("One", atSeconds: 1), to: video.id, by: ann, nil)
            let reply = try await reviews.add(.init("Two", parent: top.id), to: video.id, by: bea, nil)
            #expect(reply.atSeconds == 1 && reply.parent == top.id)
            #expect(try await stage.video(video.id)?.review.comments == 2)
            let others = Reviews.Change(body: "Mine", isResolved: nil)
            #expect(
                await failureCode { _ = try await reviews.change(top.id, others, by: bea, nil) }
                    == "forbidden")
            #expect(
                await failureCode { _ = try await reviews.change(top.id, others, by: stage.owner, nil) }
                    == "forbidden")
            let own = try await reviews.change(top.id, others, by: ann, nil)
            #expect(own.body == "Mine" && own.editedAt == stage.clock.now)
            let settle = Reviews.Change(body: nil, isResolved: true)
            #expect(try await reviews.change(top.id, settle, by: bea, nil).resolution?.by == bea.user)
            #expect(try await stage.video(video.id)?.review.openThreads == 0)
            let again = try await reviews.change(top.id, settle, by: ann, nil)
            #expect(again.resolution?.by == bea.user)
            #expect(
                await failureCode { _ = try await reviews.change(reply.id, settle, by: bea, nil) }
                    == "invalid_request")
            let reopened = try await reviews.change(top.id, .init(body: nil, isResolved: false), by: ann, nil)
            #expect(reopened.resolution == nil)
            #expect(
                try await stage.told() == [
                    "comment.added", "comment.added", "comment.edited", "comment.resolved",
                    "comment.resolved",
                ])
        }
    }

    @Test func `a deleted comment loses its words and keeps its replies`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let (ann, bea) = (stage.member(), stage.member())
            let reviews = stage.reviews
            let top = try await reviews.add(.init("One"), to: video.id, by: ann, nil)
            let reply = try await reviews.add(.init("Two", parent: top.id), to: video.id, by: bea, nil)
            #expect(await failureCode { try await reviews.delete(top.id, by: bea, nil) } == "forbidden")
            try await reviews.delete(top.id, by: ann, nil)
            try await reviews.delete(reply.id, by: stage.member(.admin), nil)
            for change in [Reviews.Change(body: "x", isResolved: nil), .init(body: nil, isResolved: true)] {
                #expect(
                    await failureCode { _ = try await reviews.change(top.id, change, by: ann, nil) }
                        == "not_found")
            }
            #expect(await failureCode { try await reviews.delete(top.id, by: ann, nil) } == "not_found")
            let page = try await reviews.comments(
                of: video.id, PageRequest(limit: 10, order: .oldestFirst), isResolved: nil, bea)
            #expect(page.items.map(\.id) == [top.id, reply.id] && page.items.allSatisfy { $0.body == nil })
            #expect(try await stage.video(video.id)?.review.comments == 0)
            #expect(
                await failureCode {
                    _ = try await reviews.add(.init("x", parent: top.id), to: video.id, by: bea, nil)
                } == "parent_missing")
        }
    }

    @Test func `an edit tells of those whom it names anew`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let (ann, bea, cat) = (stage.member(), UserID(), UserID())
            let comment = try await stage.reviews.add(.init("<@\(bea)>"), to: video.id, by: ann, nil)
            _ = try await stage.react()
            for body in ["<@\(bea)> <@\(cat)>", "nobody", "<@\(bea)>"] {
                let change = Reviews.Change(body: body, isResolved: nil)
                _ = try await stage.reviews.change(comment.id, change, by: ann, nil)
            }
            let edits = try await stage.react().map { try $0.payload(CommentEdited.self) }
            #expect(edits.map(\.mentions) == [[cat], nil, [bea]])
            #expect(edits.allSatisfy { $0.by == ann.user })
        }
    }

    @Test func `one person's comments, changes and verdicts have a budget`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let limiter = MemoryRateLimiter(now: { [clock = stage.clock] in clock.now })
            let reviews = stage.reviews(limiter, changesPerMinute: 3)
            let (ann, bea) = (stage.member(), stage.member())
            let comment = try await reviews.add(.init("One"), to: video.id, by: ann, nil)
            _ = try await reviews.change(comment.id, .init(body: "Two", isResolved: nil), by: ann, nil)
            _ = try await reviews.judge(video.id, .approved, note: nil, by: ann, nil)
            let attempts: [() async throws -> Void] = [
                { _ = try await reviews.add(.init("x"), to: video.id, by: ann, nil) },
                { _ = try await reviews.change(comment.id, .init(body: "x", isResolved: nil), by: ann, nil) },
                { try await reviews.delete(comment.id, by: ann, nil) },
                { _ = try await reviews.judge(video.id, nil, note: nil, by: ann, nil) },
            ]
            for attempt in attempts { #expect(await failureCode(attempt) == "rate_limited") }
            _ = try await reviews.add(.init("Three"), to: video.id, by: bea, nil)
            stage.clock.advance(by: .seconds(60))
            try await reviews.delete(comment.id, by: ann, nil)
        }
    }

    @Test func `rows that deleted comments leave have a bound`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            _ = try await stage.reviewStore.write(WriteContext(tenant: stage.owner.tenant)) { writer in
                try writer.save(ReviewSummary(revision: Reviews.maximumChanges - 1), of: video.id)
                return true
            }
            _ = try await stage.reviews.add(.init("The last"), to: video.id, by: stage.owner, nil)
            #expect(
                await failureCode {
                    _ = try await stage.reviews.add(.init("x"), to: video.id, by: stage.owner, nil)
                } == "too_many_comments")
        }
    }

    @Test func `the same verdict again changes nothing and tells nobody`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let ann = stage.member()
            _ = try await stage.told()
            func judge(_ state: Approval.State?, _ note: String? = nil) async throws -> Reviews.Verdict {
                try await stage.reviews.judge(video.id, state, note: note, by: ann, nil)
            }
            #expect(try await judge(nil).approvals.isEmpty)
            let first = try await judge(.approved, "Fine")
            stage.clock.advance(by: .seconds(5))
            #expect(try await judge(.approved, " Fine\n") == first)
            #expect(try await stage.told() == ["approval.given"])
            #expect(try await stage.video(video.id)?.review.revision == 1)
            #expect(try await judge(.approved, "Better").approvals.map(\.note) == ["Better"])
            #expect(try await judge(nil, "gone").approvals.isEmpty)
            #expect(try await stage.told() == ["approval.given", "approval.given"])
        }
    }

    @Test func `verdicts of one who is removed go, those of others stay, however often it is told`()
        async throws
    {
        try await VideoStage.with { stage in
            let videos = [try await stage.upload(), try await stage.upload()]
            let (ann, bea) = (stage.member(), stage.member())
            for video in videos {
                _ = try await stage.reviews.judge(video.id, .changesRequested, note: nil, by: ann, nil)
            }
            _ = try await stage.reviews.judge(videos[0].id, .approved, note: nil, by: bea, nil)
            while try await !stage.react().isEmpty {}
            for _ in 0..<3 { try await stage.reactions.userRemoved(ann.user, in: stage.owner.tenant) }
            #expect(try await stage.video(videos[0].id)?.review.approval == .approved)
            #expect(try await stage.video(videos[1].id)?.review.approval == ApprovalOutcome.none)
            let left = try await stage.reviews.verdict(on: videos[0].id, bea).approvals
            #expect(left.map(\.user) == [bea.user])
            let events = try await stage.react()
            #expect(try events.map { try $0.payload(ApprovalGiven.self).state } == ["none", "none"])
        }
    }

    @Test func `viewers read, and neither comment nor judge nor share`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let viewer = stage.member(.viewer)
            let page = PageRequest(limit: 10)
            _ = try await stage.reviews.comments(of: video.id, page, isResolved: nil, viewer)
            _ = try await stage.reviews.verdict(on: video.id, viewer)
            let attempts: [() async throws -> Void] = [
                { _ = try await stage.reviews.add(.init("x"), to: video.id, by: viewer, nil) },
                { _ = try await stage.reviews.judge(video.id, .approved, note: nil, by: viewer, nil) },
                { _ = try await stage.shares.create(.init(), of: video.id, by: viewer, nil) },
                { _ = try await stage.shares.shares(of: video.id, page, viewer) },
                { try await stage.shares.revoke(ShareID(), of: video.id, by: viewer, nil) },
            ]
            for attempt in attempts { #expect(await failureCode(attempt) == "forbidden") }
        }
    }

    @Test func `verdicts add up, and a later version waits for its own`() async throws {
        try await VideoStage.with { stage in
            let first = try await stage.upload()
            let (ann, bea) = (stage.member(), stage.member())
            let reviews = stage.reviews
            #expect(first.review.approval == .none)
            _ = try await reviews.judge(first.id, .approved, note: " ", by: ann, nil)
            let verdict = try await reviews.judge(first.id, .changesRequested, note: "Louder", by: bea, nil)
            #expect(verdict.outcome == .changesRequested && verdict.approvals.map(\.note) == [nil, "Louder"])
            #expect(try await stage.video(first.id)?.review.approval == .changesRequested)
            #expect(try await reviews.judge(first.id, nil, note: nil, by: bea, nil).outcome == .approved)
            let second = try await stage.upload(versionOf: first.id)
            #expect(second.review.approval == .pending && second.version.number == 2)
            _ = try await reviews.judge(second.id, .approved, note: nil, by: ann, nil)
            #expect(try await reviews.judge(second.id, nil, note: nil, by: ann, nil).outcome == .pending)
            #expect(try await stage.video(first.id)?.review.approval == .approved)
        }
    }

    @Test func `a version is stacked on the newest, is the latest once it has come, and is told of then`()
        async throws
    {
        try await VideoStage.with { stage in
            let first = try await stage.upload()
            let announced = try await stage.library.announce(
                .sample(), versionOf: first.id, by: stage.owner, nil)
            #expect(announced.video.version == .init(stack: first.id, number: 2, isLatest: false))
            #expect(try await stage.video(first.id)?.version.isLatest == true)
            _ = try await stage.told()
            let second = try await stage.complete(announced, stage.send(announced))
            #expect(second.version.isLatest)
            #expect(try await stage.video(first.id)?.version.isLatest == false)
            #expect(try await stage.told() == ["video.uploaded", "video.versioned"])
            let third = try await stage.upload(versionOf: first.id)
            #expect(third.version == .init(stack: first.id, number: 3, isLatest: true))
            let versions = try await stage.library.versions(of: second.id, stage.owner)
            #expect(versions.map(\.id) == [third.id, second.id, first.id])
            try await stage.library.delete(third.id, by: stage.owner, nil)
            #expect(try await stage.video(second.id)?.version.isLatest == true)
            try await stage.library.delete(first.id, by: stage.owner, nil)
            let left = try await stage.library.versions(of: second.id, stage.owner)
            #expect(left.map(\.id) == [second.id] && left[0].version.isLatest)
            let next = try await stage.upload(versionOf: second.id)
            #expect(next.version == .init(stack: first.id, number: 3, isLatest: true))
        }
    }

    @Test func `versions announced at once get numbers of their own, and one is the latest`() async throws {
        try await VideoStage.with { stage in
            let first = try await stage.upload()
            let announced = try await withThrowingTaskGroup(of: VideoLibrary.Announced.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        try await stage.library.announce(
                            .sample(bytes: 100), versionOf: first.id, by: stage.owner, nil)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(announced.map(\.video.version.number)) == [2, 3, 4])
            for one in announced.shuffled() { _ = try await stage.complete(one, stage.send(one)) }
            let versions = try await stage.library.versions(of: first.id, stage.owner)
            #expect(versions.map(\.version.number) == [4, 3, 2, 1])
            #expect(versions.map(\.version.isLatest) == [true, false, false, false])
        }
    }

    @Test func `only who may edit a video stacks a version on it`() async throws {
        try await VideoStage.with { stage in
            let first = try await stage.upload()
            let other = Caller(tenant: TenantID(), user: UserID(), role: .owner)
            for (caller, code) in [(stage.member(), "forbidden"), (other, "not_found")] {
                #expect(
                    await failureCode {
                        _ = try await stage.library.announce(.sample(), versionOf: first.id, by: caller, nil)
                    } == code)
            }
            #expect(try await stage.usage().openUploads == 0)
        }
    }

    @Test func `a deleted video's comments are removed and each is told of`() async throws {
        try await VideoStage.with { stage in
            let (video, kept) = (try await stage.upload(), try await stage.upload())
            for number in 0..<205 {
                _ = try await stage.reviews.add(.init("\(number)"), to: video.id, by: stage.owner, nil)
            }
            let other = try await stage.reviews.add(.init("x"), to: kept.id, by: stage.owner, nil)
            while try await !stage.react().isEmpty {}
            try await stage.library.delete(video.id, by: stage.owner, nil)
            var events: [Event] = []
            repeat { events = try await stage.react() } while !events.contains { $0.type == "video.deleted" }
            // The deletion is told twice, as any event may be.
            for event in events where event.type == "video.deleted" { try await stage.reactions.apply(event) }
            var deleted: Set<CommentID> = []
            while case let batch = try await stage.react(), !batch.isEmpty {
                for event in batch { deleted.insert(try event.payload(CommentDeleted.self).comment) }
            }
            #expect(deleted.count == 205 && !deleted.contains(other.id))
            let ids = try await stage.reviewStore.read(stage.owner.tenant) {
                try $0.commentIDs(PageRequest(limit: 10)).items
            }
            #expect(ids == [other.id])
        }
    }
}
