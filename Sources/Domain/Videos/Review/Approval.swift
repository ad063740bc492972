package import Kernel

/// One member's verdict on one version of a video.
package struct Approval: Sendable, Codable, Equatable {
    package enum State: String, Sendable, Codable, CaseIterable {
        case approved
        case changesRequested = "changes_requested"
    }

    package let video: VideoID
    package let user: UserID
    package let state: State
    package let note: String?
    package let at: Timestamp

    package init(video: VideoID, user: UserID, state: State, note: String?, at: Timestamp) {
        self.video = video
        self.user = user
        self.state = state
        self.note = note
        self.at = at
    }

    static let maximumNoteBytes = 2_000

    /// Without white space around it; nil where nothing is left.
    static func validated(note: String?) throws(Failure) -> String? {
        guard let note = note?.trimmed, !note.isEmpty else { return nil }
        guard note.utf8.count <= maximumNoteBytes, !note.unicodeScalars.contains("\0") else {
            throw .invalid("note", "too_long", "A note has at most \(maximumNoteBytes) bytes.")
        }
        return note
    }
}

/// What the verdicts on a version come to.
package enum ApprovalOutcome: String, Sendable, Codable, CaseIterable {
    case none
    /// A later version, of which nobody has said anything yet.
    case pending
    case approved
    case changesRequested = "changes_requested"

    /// One who asks for changes weighs more than all who approve.
    package init(of states: some Sequence<Approval.State>, isLaterVersion: Bool) {
        var outcome: ApprovalOutcome = isLaterVersion ? .pending : .none
        for state in states {
            switch state {
            case .changesRequested: outcome = .changesRequested
            case .approved: if outcome != .changesRequested { outcome = .approved }
            }
        }
        self = outcome
    }
}

/// What lists show of a video's review; changed in the writes that change what it counts.
package struct ReviewSummary: Sendable, Codable, Equatable {
    package var approval: ApprovalOutcome
    /// Comments and replies that are there.
    package var comments: Int
    /// Threads that nobody has settled.
    package var openThreads: Int
    /// Grows with every change of comments or approvals.
    package var revision: Int64

    package init(
        approval: ApprovalOutcome = .none, comments: Int = 0, openThreads: Int = 0, revision: Int64 = 0
    ) {
        self.approval = approval
        self.comments = comments
        self.openThreads = openThreads
        self.revision = revision
    }

    mutating func replace(_ old: Comment?, by new: Comment) {
        func count(_ isCounted: Bool?) -> Int { isCounted == true ? 1 : 0 }
        comments += count(!new.isDeleted) - count(old.map { !$0.isDeleted })
        openThreads += count(new.isOpenThread) - count(old?.isOpenThread)
        revision += 1
    }

    mutating func judge(_ outcome: ApprovalOutcome) {
        approval = outcome
        revision += 1
    }
}
