import Foundation
import Kernel
import Testing

@testable import Videos

@Suite struct ReviewRuleTests {
    private func field(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return (error as? Failure)?.fields.first.map { "\($0.field) \($0.code)" } }
        return nil
    }

    @Test func `a comment has words, few enough, and no control characters`() throws {
        #expect(try CommentText(" \n Hi\r\nthere\t🦆 \n").body == "Hi\nthere\t🦆")
        #expect(try CommentText(String(repeating: "a", count: 8_000)).body.count == 8_000)
        for (text, problem) in [
            ("", "body required"), (" \n\t ", "body required"),
            (String(repeating: "a", count: 8_001), "body too_long"),
            (String(repeating: "🦆", count: 2_001), "body too_long"), ("a\u{0}b", "body invalid"),
            ("a\u{1b}[31mb", "body invalid"), ("a\u{85}b", "body invalid"),
        ] {
            #expect(field { _ = try CommentText(text) } == problem)
        }
    }

    @Test func `people are mentioned once each, and at most twenty`() throws {
        let people = (0..<21).map { _ in UserID() }
        let (one, two) = (people[0], people[1])
        let text = try CommentText("<@\(one)> and <@\(two)>, <@\(one)>! <@nobody> <@> @\(two)")
        #expect(text.mentions == [one, two])
        let marks = people.map { "<@\($0)>" }
        #expect(try CommentText(marks.dropLast().joined()).mentions.count == 20)
        #expect(field { _ = try CommentText(marks.joined()) } == "body too_many_mentions")
    }

    private func draft(_ at: Double?, _ until: Double? = nil) -> CommentDraft {
        CommentDraft("x", atSeconds: at, untilSeconds: until)
    }

    private func video(seconds: Double?) -> Video {
        var video = Video(
            id: VideoID(), announcement: .sample(), createdBy: UserID(), createdAt: Timestamp(milliseconds: 0)
        )
        video.status.durationSeconds = seconds
        return video
    }

    @Test func `a time lies in the video, and a range ends behind its beginning`() throws {
        let (film, unknown) = (video(seconds: 60), video(seconds: nil))
        for (draft, isRight) in [
            (draft(nil), true), (draft(0), true), (draft(60), true), (draft(60.05), true), (draft(61), false),
            (draft(10, 10), true), (draft(10, 60), true), (draft(10, 70), false), (draft(10, 9.9), false),
            (draft(nil, 5), true), (draft(-0.001), false), (draft(.nan), false), (draft(.infinity), false),
            (draft(1, .nan), false),
        ] {
            let problem = field {
                _ = try draft.checked()
                _ = try draft.place(on: film, parent: nil)
            }
            #expect((problem == nil) == isRight, "\(draft): \(problem ?? "-")")
        }
        #expect(throws: Never.self) { try draft(3_000, 4_000).place(on: unknown, parent: nil) }
        #expect(throws: Failure.self) { try draft(1e12).place(on: unknown, parent: nil) }
    }

    @Test func `a reply stands below a comment that began a thread of the same video`() throws {
        let film = video(seconds: 60)
        func comment(on video: VideoID, parent: CommentID? = nil) -> Videos.Comment {
            Videos.Comment(
                id: CommentID(), place: .init(video: video, parent: parent, atSeconds: 7, untilSeconds: 9),
                author: .member(UserID()), createdAt: Timestamp(milliseconds: 0),
                content: .init(body: "x", mentions: []))
        }
        func code(_ parent: Videos.Comment?, named id: CommentID) -> String? {
            do { _ = try CommentDraft("x", parent: id).place(on: film, parent: parent) } catch {
                return error.code
            }
            return nil
        }
        let top = comment(on: film.id)
        let place = try CommentDraft("x", atSeconds: 3, untilSeconds: 4, parent: top.id).place(
            on: film, parent: top)
        #expect(place.atSeconds == 7 && place.untilSeconds == nil && place.parent == top.id)
        #expect(code(nil, named: top.id) == "parent_missing")
        let elsewhere = comment(on: VideoID())
        #expect(code(elsewhere, named: elsewhere.id) == "parent_missing")
        var gone = top
        gone.delete(at: Timestamp(milliseconds: 1))
        #expect(code(gone, named: top.id) == "parent_missing")
        let reply = comment(on: film.id, parent: top.id)
        #expect(code(reply, named: reply.id) == "invalid_request")
    }

    @Test func `a drawing keeps to the picture and to its bounds`() throws {
        func stroke(
            _ points: [Drawing.Point] = [.init(0, 1)], color: String = "#FF8800", width: Double = 0.01
        ) -> Drawing.Stroke { .init(color: color, width: width, points: points) }
        func code(_ strokes: [Drawing.Stroke]) -> String? {
            field { _ = try Drawing(strokes: strokes).validated() }
        }
        let kept = try Drawing(strokes: [stroke([.init(0.123456789, 1)])]).validated()
        #expect(kept.strokes[0].points == [.init(0.12346, 1)] && kept.strokes[0].color == "#ff8800")
        #expect(
            String(decoding: try JSON.encode(kept), as: UTF8.self)
                == ##"{"strokes":[{"color":"#ff8800","points":[[0.12346,1]],"width":0.01}]}"##)
        #expect(try JSON.decode(Drawing.self, JSON.encode(kept)) == kept)
        let many = (0..<5_000).map { Drawing.Point(Double($0 % 10) / 10, 0.5) }
        #expect(code([stroke(many)]) == nil)
        #expect(code(Array(repeating: stroke(), count: 100)) == nil)
        for strokes in [
            [], [stroke([])], Array(repeating: stroke(), count: 101), [stroke(many), stroke()],
            [stroke([.init(1.01, 0)])], [stroke([.init(-0.01, 0)])], [stroke([.init(.nan, 0)])],
            [stroke(width: 0)], [stroke(width: 0.11)], [stroke(width: .nan)], [stroke(color: "red")],
            [stroke(color: "#ff880")], [stroke(color: "#ff8800;")],
            [stroke((0..<5_000).map { Drawing.Point(Double($0) / 7_001, Double($0) / 6_007) })],
        ] {
            #expect(code(strokes)?.hasPrefix("drawing ") == true, "\(strokes.count)")
        }
    }

    @Test(
        arguments: [
            ([], false, ApprovalOutcome.none), ([], true, .pending), ([.approved], false, .approved),
            ([.approved, .changesRequested, .approved], false, .changesRequested),
            ([.changesRequested, .approved], true, .changesRequested), ([.approved], true, .approved),
        ] as [([Approval.State], Bool, ApprovalOutcome)])
    func `one who asks for changes outweighs all who approve`(
        _ states: [Approval.State], _ isLater: Bool, _ outcome: ApprovalOutcome
    ) {
        #expect(ApprovalOutcome(of: states, isLaterVersion: isLater) == outcome)
    }

    @Test func `the summary counts as if all comments were counted anew`() {
        var (summary, comments) = (ReviewSummary(), [Videos.Comment]())
        var generator = SystemRandomNumberGenerator()
        for step in 1...500 {
            let time = Timestamp(milliseconds: Int64(step))
            if comments.isEmpty || Bool.random(using: &generator) {
                let parent = comments.filter { $0.parent == nil }.randomElement()
                let comment = Videos.Comment(
                    id: CommentID(),
                    place: .init(
                        video: VideoID(), parent: Bool.random() ? parent?.id : nil, atSeconds: 0,
                        untilSeconds: nil), author: .member(UserID()), createdAt: time,
                    content: .init(body: "x", mentions: []))
                summary.replace(nil, by: comment)
                comments.append(comment)
            } else {
                let index = comments.indices.randomElement() ?? 0
                let old = comments[index]
                guard !old.isDeleted else { continue }
                if Bool.random() {
                    comments[index].delete(at: time)
                } else {
                    _ = comments[index].resolve(Bool.random(), by: UserID(), at: time)
                }
                summary.replace(old, by: comments[index])
            }
            #expect(summary.comments == comments.filter { !$0.isDeleted }.count)
            #expect(summary.openThreads == comments.filter(\.isOpenThread).count)
        }
        #expect(summary.revision > 0)
    }

    @Test func `the latest version is the newest whose bytes have come`() {
        func version(_ number: Int, _ state: Video.State) -> Video {
            var video = video(seconds: nil)
            video.version = .init(stack: video.id, number: number, isLatest: false)
            video.status.state = state
            return video
        }
        let versions = [
            version(1, .ready), version(2, .failed), version(3, .awaitingUpload), version(4, .awaitingUpload),
        ]
        #expect(Video.latest(of: versions.shuffled()) == versions[1].id)
        #expect(Video.latest(of: Array(versions[2...]).shuffled()) == versions[3].id)
        #expect(Video.latest(of: []) == nil)
    }

    @Test func `a link's terms are within bounds, and it admits until its views, time or owner end it`()
        throws
    {
        let now = Timestamp(milliseconds: 1_800_000_000_000)
        func problem(_ request: ShareRequest) -> String? { field { _ = try request.terms(at: now) } }
        #expect(try ShareRequest().terms(at: now).expiresAt == now + .seconds(30 * 86_400))
        #expect(problem(ShareRequest(expiresAt: now)) == "expiresAt out_of_range")
        #expect(problem(ShareRequest(expiresAt: now + .seconds(367 * 86_400))) == "expiresAt out_of_range")
        #expect(problem(ShareRequest(password: "abc")) == "password password_length")
        #expect(problem(ShareRequest(maximumViews: 0)) == "maximumViews out_of_range")
        let terms = try ShareRequest(expiresAt: now + .seconds(60), password: "abcd", maximumViews: 2).terms(
            at: now)
        var link = ShareLink(
            id: ShareID(), video: VideoID(), createdBy: UserID(), createdAt: now, terms: terms)
        try link.view(at: now)
        #expect(link.viewsLeft == 1 && link.admits(at: now))
        #expect(!link.admits(at: link.expiresAt) && link.admits(at: link.expiresAt - .milliseconds(1)))
        try link.view(at: now)
        let third = link
        #expect(throws: Failure.self) {
            var link = third
            try link.view(at: now)
        }
        #expect(link.views == 2 && link.isOpen(at: now) && !link.admits(at: now))
        let revocations = [link.revoke(at: now), link.revoke(at: now)]
        #expect(revocations == [true, false] && !link.isOpen(at: now))
    }

    @Test func `an answer that was kept before there were versions still reads`() throws {
        var kept = video(seconds: 12)
        kept.version = .init(stack: VideoID(), number: 3, isLatest: false)
        var fields = try #require(
            JSONSerialization.jsonObject(with: Data(JSON.encode(kept))) as? [String: Any])
        let removed = [fields.removeValue(forKey: "place"), fields.removeValue(forKey: "summary")]
        #expect(removed.allSatisfy { $0 != nil })
        let old = try JSON.decode(Video.self, JSONSerialization.data(withJSONObject: fields))
        #expect(old.version == .init(firstOf: kept.id) && old.review == ReviewSummary())
        #expect(old.status == kept.status)
    }
}
