import Kernel

/// A comment as somebody wants it.
package struct CommentDraft: Sendable {
    package var body: String
    /// Seconds from the beginning; 0 where absent. A reply takes its parent's.
    package var atSeconds: Double?
    package var untilSeconds: Double?
    package var parent: CommentID?
    package var drawing: Drawing?

    package init(
        _ body: String, atSeconds: Double? = nil, untilSeconds: Double? = nil, parent: CommentID? = nil,
        drawing: Drawing? = nil
    ) {
        self.body = body
        self.atSeconds = atSeconds
        self.untilSeconds = untilSeconds
        self.parent = parent
        self.drawing = drawing
    }

    /// Where no duration is known; longer than any video.
    private static let maximumSeconds = 7.0 * 86_400
    /// Players round: a comment on the last frame may come as a little behind it.
    private static let tolerance = 0.1

    /// What the draft says, once it is known to keep to the rules.
    struct Checked: Sendable {
        let text: CommentText
        let drawing: Drawing?
        let parent: CommentID?
    }

    /// Everything that needs nothing but the draft; all problems at once.
    func checked() throws(Failure) -> Checked {
        var problems: [Failure.Field] = []
        var text: CommentText?
        var drawing = drawing
        do { text = try CommentText(body) } catch { problems += error.fields }
        do { drawing = try drawing?.validated() } catch { problems += error.fields }
        if let at = atSeconds, !at.isFinite || at < 0 {
            problems.append(.init("atSeconds", "out_of_range", "A time is not before the beginning."))
        }
        if let until = untilSeconds, !until.isFinite || until < atSeconds ?? 0 {
            problems.append(.init("untilSeconds", "out_of_range", "A range ends behind its beginning."))
        }
        guard problems.isEmpty, let text else { throw .invalid(problems) }
        return Checked(text: text, drawing: drawing, parent: parent)
    }

    /// Where the comment goes. A parent is a comment of the same video that begins a thread and is still there:
    /// `parent_missing`, or `invalid_request` for a reply to a reply.
    func place(on video: Video, parent: Comment?) throws(Failure) -> Comment.Place {
        if self.parent != nil {
            guard let parent, parent.video == video.id, !parent.isDeleted else {
                throw .conflict("parent_missing", "The comment you reply to is gone.")
            }
            guard parent.parent == nil else {
                throw .invalid("parentId", "not_a_thread", "Reply to the comment that began the thread.")
            }
            return Comment.Place(
                video: video.id, parent: parent.id, atSeconds: parent.atSeconds, untilSeconds: nil)
        }
        let end = video.status.durationSeconds.map { $0 + Self.tolerance } ?? Self.maximumSeconds
        for (field, seconds) in [("atSeconds", atSeconds), ("untilSeconds", untilSeconds)] {
            guard seconds ?? 0 <= end else {
                throw .invalid(field, "out_of_range", "The video has ended by then.")
            }
        }
        return Comment.Place(
            video: video.id, parent: nil, atSeconds: atSeconds ?? 0, untilSeconds: untilSeconds)
    }
}
