import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import Videos

/// What people of a team are called; who left is not among them.
typealias PeopleNames = @Sendable (TenantID, Set<UserID>) async throws -> [UserID: String]

/// Comments on videos, verdicts on them, and both for editors.
struct ReviewRoutes: Sendable {
    let reviews: Reviews
    /// For exports.
    let names: PeopleNames

    var routes: [Route] {
        [
            Route(.get, "/v1/videos/{id}/comments", handler: list),
            Route(.post, "/v1/videos/{id}/comments", handler: add),
            Route(.get, "/v1/videos/{id}/comments/export", handler: export),
            Route(.patch, "/v1/comments/{id}", handler: change),
            Route(.delete, "/v1/comments/{id}", handler: delete),
            Route(.get, "/v1/videos/{id}/approvals", handler: approvals),
            Route(.put, "/v1/videos/{id}/approval", handler: judge),
        ]
    }

    @Sendable private func list(_ exchange: Exchange) async throws -> Response {
        let page = try await reviews.comments(
            of: exchange.id("id", "video"), exchange.oldestFirst, isResolved: exchange.flag("resolved"),
            exchange.caller)
        return try .list(page) { try $0.comment($1) }
    }

    @Sendable private func add(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(CommentBody.self)
        let comment = try await reviews.add(
            input.body.draft, to: exchange.id("id", "video"), by: exchange.caller, input.once)
        return try .json(.created) { try $0.comment(comment) }
    }

    private struct ChangeBody: Decodable, Sendable {
        let body: String?
        let resolved: Bool?
    }

    @Sendable private func change(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(ChangeBody.self)
        let comment = try await reviews.change(
            exchange.id("id", "comment"), .init(body: input.body.body, isResolved: input.body.resolved),
            by: exchange.caller, input.once)
        return try .json { try $0.comment(comment) }
    }

    @Sendable private func delete(_ exchange: Exchange) async throws -> Response {
        try await reviews.delete(exchange.id("id", "comment"), by: exchange.caller, exchange.once())
        return .noContent
    }

    @Sendable private func approvals(_ exchange: Exchange) async throws -> Response {
        let verdict = try await reviews.verdict(on: exchange.id("id", "video"), exchange.caller)
        return .json { $0.verdict(verdict) }
    }

    private struct VerdictBody: Decodable, Sendable {
        let state: String
        let note: String?
    }

    @Sendable private func judge(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(VerdictBody.self)
        let state = Approval.State(rawValue: input.body.state)
        guard state != nil || input.body.state == "none" else {
            throw Failure.invalid("state", "unknown", "A state is approved, changes_requested or none.")
        }
        let verdict = try await reviews.judge(
            exchange.id("id", "video"), state, note: input.body.note, by: exchange.caller, input.once)
        return .json { $0.verdict(verdict) }
    }

    /// `format=csv` or `format=edl`; `fps` of the editor's timeline, which begins at `start`.
    @Sendable private func export(_ exchange: Exchange) async throws -> Response {
        let format = exchange.query("format") ?? "csv"
        guard ["csv", "edl"].contains(format) else {
            throw Failure.invalid("format", "unknown", "A format is csv or edl.")
        }
        guard let rate = FrameRate(exchange.query("fps") ?? "25") else {
            throw Failure.invalid("fps", "unknown", "Frames per second are one of \(FrameRate.known).")
        }
        let caller = try exchange.caller
        let transcript = try await reviews.transcript(of: exchange.id("id", "video"), caller)
        let names = try await names(caller.tenant, Set(transcript.comments.flatMap(\.people)))
        let isTable = format == "csv"
        let text =
            isTable
            ? CommentTable(transcript, rate: rate, names: names).text
            : MarkerList(
                transcript, rate: rate, names: names,
                startSecond: try exchange.startSecond ?? MarkerList.usualStartSecond
            ).text
        return Response(
            status: .ok,
            headers: [
                .contentType: isTable ? "text/csv; charset=utf-8" : "text/plain; charset=utf-8",
                .contentDisposition: Self.attachment(transcript.video.title, "-comments." + format),
                .cacheControl: "no-store",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// A name of plain letters for all, and the whole one for those who read RFC 8187.
    static func attachment(_ title: String, _ end: String) -> String {
        let plain = title.unicodeScalars.map {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
                ? Character($0) : "-"
        }
        let whole = (title + end).addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "comments"
        return "attachment; filename=\"\(String(plain))\(end)\"; filename*=UTF-8''\(whole)"
    }
}

/// A comment as members and guests send it.
struct CommentBody: Decodable, Sendable {
    let atSeconds: Double?
    let untilSeconds: Double?
    let body: String
    let parentId: CommentID?
    let drawing: Drawing?

    var draft: CommentDraft {
        CommentDraft(
            body, atSeconds: atSeconds, untilSeconds: untilSeconds, parent: parentId, drawing: drawing)
    }
}

extension Exchange {
    /// What is read from its beginning, such as a conversation.
    var oldestFirst: PageRequest {
        get throws {
            let page = try page
            return PageRequest(limit: page.limit, after: page.after, order: .oldestFirst)
        }
    }

    /// `true` or `false`; nil where it is not told.
    func flag(_ name: String) throws -> Bool? {
        guard let text = query(name) else { return nil }
        guard let value = Bool(text) else {
            throw Failure.invalid(name, "unknown", "\"\(name)\" is true or false.")
        }
        return value
    }

    /// Whole seconds of a timecode `hh:mm:ss:00`.
    fileprivate var startSecond: Int64? {
        get throws {
            guard let text = query("start") else { return nil }
            guard let match = text.wholeMatch(of: /([01]\d|2[0-3]):([0-5]\d):([0-5]\d):00/),
                let hours = Int64(match.1), let minutes = Int64(match.2), let seconds = Int64(match.3)
            else { throw Failure.invalid("start", "invalid", "A start looks like 01:00:00:00.") }
            return hours * 3_600 + minutes * 60 + seconds
        }
    }
}

extension JSONWriter {
    /// `names` are for readers who cannot ask for members' names themselves.
    mutating func comment(_ comment: Comment, names: [UserID: String] = [:]) throws {
        field("id", comment.id)
        field("videoId", comment.video)
        field("atSeconds", comment.atSeconds)
        if let until = comment.untilSeconds { field("untilSeconds", until) } else { null("untilSeconds") }
        textOrNull("body", comment.body)
        textOrNull("parentId", comment.parent?.description)
        object("author") {
            $0.textOrNull("userId", comment.author.member?.description)
            let name = comment.author.member.map { names[$0] } ?? comment.author.guestName
            $0.textOrNull("name", name)
        }
        array("mentions", comment.mentions) { $0.value($1.description) }
        if let drawing = comment.drawing {
            field("drawing", json: try JSON.encode(drawing))
        } else {
            null("drawing")
        }
        field("createdAt", comment.createdAt)
        textOrNull("editedAt", comment.editedAt?.description)
        textOrNull("deletedAt", comment.deletedAt?.description)
        textOrNull("resolvedAt", comment.resolution?.at.description)
        textOrNull("resolvedBy", comment.resolution?.by.description)
    }

    fileprivate mutating func verdict(_ verdict: Reviews.Verdict) {
        field("state", verdict.outcome.rawValue)
        array("items", verdict.approvals) { json, approval in
            json.object {
                $0.field("userId", approval.user)
                $0.field("state", approval.state.rawValue)
                $0.textOrNull("note", approval.note)
                $0.field("at", approval.at)
            }
        }
    }

    /// `null` where there is none.
    mutating func textOrNull(_ name: String, _ value: String?) {
        if let value { field(name, value) } else { null(name) }
    }
}
