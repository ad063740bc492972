package import Kernel

extension Reviews {
    package struct Verdict: Sendable, Codable, Equatable {
        package let outcome: ApprovalOutcome
        package let approvals: [Approval]
    }

    package func verdict(on video: VideoID, _ caller: Caller) async throws -> Verdict {
        try caller.require(.readVideo)
        return try await store.read(caller.tenant) { reader in
            try Self.verdict(on: VideoLibrary.found(try reader.video(video)), reader)
        }
    }

    /// The caller's own word on a version; nil takes it back. The same again changes nothing and tells nobody.
    package func judge(
        _ video: VideoID, _ state: Approval.State?, note: String?, by caller: Caller, _ once: OnceKey?
    ) async throws -> Verdict {
        try caller.require(.approveVideo)
        try await spend(caller)
        let note = try Approval.validated(note: note)
        let time = now()
        let verdict = try await store.write(WriteContext(caller, once: once)) { writer in
            let found = try VideoLibrary.found(try writer.video(video))
            let before = try Self.verdict(on: found, writer)
            let own = before.approvals.first { $0.user == caller.user }
            guard own?.state != state || own?.note != (state == nil ? nil : note) else { return before }
            if let state {
                try writer.save(
                    Approval(video: video, user: caller.user, state: state, note: note, at: time))
            } else {
                _ = try writer.removeApprovals(by: caller.user, of: video, limit: 1)
            }
            let verdict = try Self.verdict(on: found, writer)
            var summary = found.review
            summary.judge(verdict.outcome)
            try writer.save(summary, of: video)
            try writer.publish(
                ApprovalGiven(video: video, by: caller.user, state: state?.rawValue ?? "none"),
                key: video.description)
            return verdict
        }
        await notices.changed(video)
        return verdict
    }

    static func verdict(on video: Video, _ reader: any ReviewReader) throws -> Verdict {
        let approvals = try reader.approvals(of: video.id)
        return Verdict(
            outcome: ApprovalOutcome(
                of: approvals.map(\.state), isLaterVersion: video.version.number > 1),
            approvals: approvals)
    }
}
