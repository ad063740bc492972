package import Kernel

/// Comments on videos, and verdicts on them.
package struct Reviews: Sendable {
    let store: any ReviewStore
    let notices: VideoNotices
    let now: @Sendable () -> Timestamp
    private let limiter: any RateLimiter
    private let changesPerMinute: Int

    /// About so many comments a video may have; those who add at the same moment may pass it by a few.
    static let maximumComments = 10_000
    /// Of one video's comments and verdicts. Deleted comments keep their rows: this bounds these too.
    static let maximumChanges: Int64 = 50_000

    /// `changesPerMinute` of one member: comments, changes of them and verdicts.
    package init(
        store: any ReviewStore, notices: VideoNotices, limiter: any RateLimiter, changesPerMinute: Int = 120,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.notices = notices
        self.limiter = limiter
        self.changesPerMinute = changesPerMinute
        self.now = now
    }

    /// Takes one from the caller's budget. `rate_limited`.
    func spend(_ caller: Caller) async throws {
        let key = "review.user.\(caller.tenant).\(caller.user)"
        guard let wait = try await limiter.take(key, limit: changesPerMinute, per: .seconds(60)) else {
            return
        }
        var failure = Failure(
            .limited, "rate_limited", "Too many comments in a short time; please wait a moment.")
        failure.retryAfter = wait
        throw failure
    }

    /// Oldest first as the page says; deleted ones are there without their words.
    package func comments(
        of video: VideoID, _ page: PageRequest, isResolved: Bool?, _ caller: Caller
    ) async throws -> Page<Comment> {
        try caller.require(.readVideo)
        return try await store.read(caller.tenant) { reader in
            _ = try VideoLibrary.found(try reader.video(video))
            return try reader.comments(of: video, page, isResolved: isResolved)
        }
    }

    /// `invalid_request`, `parent_missing`, `too_many_comments`, `rate_limited`.
    package func add(
        _ draft: CommentDraft, to video: VideoID, by caller: Caller, _ once: OnceKey?
    ) async throws -> Comment {
        try caller.require(.commentOnVideo)
        try await spend(caller)
        return try await add(
            draft, to: video, by: .member(caller.user), WriteContext(caller, once: once))
    }

    func add(
        _ draft: CommentDraft, to video: VideoID, by author: Comment.Author, _ context: WriteContext,
        admitting: @escaping @Sendable (any ReviewReader) throws -> Void = { _ in }
    ) async throws -> Comment {
        let checked = try draft.checked()
        let time = now()
        let comment = try await store.write(context) { writer in
            try admitting(writer)
            let found = try VideoLibrary.found(try writer.video(video))
            guard found.review.comments < Self.maximumComments,
                found.review.revision < Self.maximumChanges
            else {
                throw Failure.conflict("too_many_comments", "This video has as many comments as it may.")
            }
            let parent = try draft.parent.flatMap { try writer.comment($0) }
            let comment = Comment(
                id: CommentID(), place: try draft.place(on: found, parent: parent), author: author,
                createdAt: time,
                content: .init(
                    body: checked.text.body, mentions: author.isMember ? checked.text.mentions : [],
                    drawing: checked.drawing))
            try Self.save(comment, over: nil, of: found, writer)
            try writer.publish(CommentAdded(comment, parent: parent), key: video.description)
            return comment
        }
        await notices.changed(video)
        return comment
    }

    /// What is to change of a comment; nil leaves it.
    package struct Change: Sendable {
        package let body: String?
        package let isResolved: Bool?

        package init(body: String?, isResolved: Bool?) {
            self.body = body
            self.isResolved = isResolved
        }
    }

    /// Authors edit; whoever may comment settles and opens threads.
    package func change(
        _ id: CommentID, _ change: Change, by caller: Caller, _ once: OnceKey?
    ) async throws -> Comment {
        try caller.require(.commentOnVideo)
        try await spend(caller)
        let text = try change.body.map { try CommentText($0) }
        let time = now()
        let comment = try await store.write(WriteContext(caller, once: once)) { writer in
            let (old, video) = try Self.present(id, writer)
            var comment = old
            if let text {
                guard old.isBy(caller.user) else { throw Self.othersWords }
                comment.edit(text, at: time)
                let new = comment.mentions.filter { !old.mentions.contains($0) }
                try writer.publish(
                    CommentEdited(
                        video: video.id, comment: id, by: caller.user, mentions: new.isEmpty ? nil : new),
                    key: video.id.description)
            }
            if let isResolved = change.isResolved {
                guard old.parent == nil else {
                    throw Failure.invalid("resolved", "not_a_thread", "Only a whole thread can be resolved.")
                }
                if comment.resolve(isResolved, by: caller.user, at: time) {
                    try writer.publish(
                        CommentResolved(
                            video: video.id, comment: id, by: caller.user, isResolved: isResolved),
                        key: video.id.description)
                }
            }
            if comment != old { try Self.save(comment, over: old, of: video, writer) }
            return comment
        }
        await notices.changed(comment.video)
        return comment
    }

    private static let othersWords = Failure(
        .forbidden, "forbidden", "Only who wrote a comment can change what it says.")

    /// Its author may, and moderators. Replies stay.
    package func delete(_ id: CommentID, by caller: Caller, _ once: OnceKey?) async throws {
        try caller.require(.readVideo)
        try await spend(caller)
        let time = now()
        let video = try await store.write(WriteContext(caller, once: once)) { writer in
            let (old, video) = try Self.present(id, writer)
            if !old.isBy(caller.user) { try caller.require(.moderateComments) }
            var comment = old
            comment.delete(at: time)
            try Self.save(comment, over: old, of: video, writer)
            try writer.publish(CommentDeleted(video: video.id, comment: id), key: video.id.description)
            return video.id
        }
        await notices.changed(video)
    }

    private static func present(_ id: CommentID, _ reader: any ReviewReader) throws -> (Comment, Video) {
        guard let comment = try reader.comment(id), !comment.isDeleted,
            let video = try reader.video(comment.video)
        else { throw Failure.notFound("comment") }
        return (comment, video)
    }

    private static func save(
        _ comment: Comment, over old: Comment?, of video: Video, _ writer: any ReviewWriter
    ) throws {
        var summary = video.review
        summary.replace(old, by: comment)
        try writer.save(comment)
        try writer.save(summary, of: video.id)
    }

    /// Everything that was said about a video and is still there, oldest first.
    package func transcript(of video: VideoID, _ caller: Caller) async throws -> Transcript {
        try caller.require(.readVideo)
        return try await store.read(caller.tenant) { reader in
            let found = try VideoLibrary.found(try reader.video(video))
            var comments: [Comment] = []
            var after: UUIDv7?
            repeat {
                let request = PageRequest(
                    limit: PageRequest.maximumLimit, after: after, order: .oldestFirst)
                let page = try reader.comments(of: video, request, isResolved: nil)
                comments += page.items.filter { !$0.isDeleted }
                after = page.next
            } while after != nil
            return Transcript(video: found, comments: comments)
        }
    }

    package struct Transcript: Sendable {
        package let video: Video
        package let comments: [Comment]
    }
}

extension Comment.Author {
    var isMember: Bool { member != nil }

    package var member: UserID? { if case .member(let user) = self { user } else { nil } }
    package var guestName: String? { if case .guest(let name, _) = self { name } else { nil } }
    package var share: ShareID? { if case .guest(_, let share) = self { share } else { nil } }
}

extension CommentAdded {
    fileprivate init(_ comment: Comment, parent: Comment?) {
        self.init(
            video: comment.video, comment: comment.id, author: comment.author.member,
            guest: comment.author.share, parent: comment.parent, parentAuthor: parent?.author.member,
            mentions: comment.mentions, atSeconds: comment.atSeconds)
    }
}
