import Chat
import Hummingbird
import Kernel

extension RoomRoutes {
    var messageRoutes: [Route] {
        [
            Route(.get, "/v1/rooms/{id}/messages", handler: history),
            Route(.post, "/v1/rooms/{id}/messages", handler: send),
            Route(.patch, "/v1/messages/{id}", handler: edit),
            Route(.delete, "/v1/messages/{id}", handler: delete),
            Route(.get, "/v1/messages/{id}/history", handler: revisions),
        ]
    }

    @Sendable private func history(_ exchange: Exchange) async throws -> Response {
        let history = try await rooms.history(
            of: exchange.id("id", "room"), Self.window(exchange), limit: exchange.limit, exchange.caller)
        return .json { json in
            json.array("items", history.messages) { json, message in json.object { $0.message(message) } }
            json.field("lastSeq", history.lastSeq)
            json.field("hasMore", history.hasMore)
        }
    }

    private static func window(_ exchange: Exchange) throws -> EntryWindow {
        switch (exchange.query("afterSeq"), exchange.query("beforeSeq")) {
        case (nil, nil): return .before(nil)
        case (let after?, nil): return .after(try number(after, "afterSeq"))
        case (nil, let before?): return .before(try number(before, "beforeSeq"))
        case (_?, _?):
            throw Failure.invalid("beforeSeq", "ambiguous", "Ask for afterSeq or beforeSeq, not both.")
        }
    }

    private static func number(_ text: String, _ field: String) throws -> Int64 {
        guard let number = Int64(text), number >= 0 else {
            throw Failure.invalid(field, "invalid", "A sequence number is 0 or more.")
        }
        return number
    }

    private struct DraftBody: Decodable, Sendable {
        let body: String
        let parentId: String?
        let clientId: String
    }

    @Sendable private func send(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(DraftBody.self)
        let body = input.body
        let sent = try await rooms.send(
            MessageDraft(body: body.body, parentID: try Self.parent(body.parentId), clientID: body.clientId),
            to: exchange.id("id", "room"), by: exchange.caller, input.once)
        return .json(sent.isNew ? .created : .ok) { $0.message(sent.message) }
    }

    private static func parent(_ text: String?) throws -> MessageID? {
        guard let text else { return nil }
        guard let id = MessageID(text) else {
            throw Failure.invalid("parentId", "invalid", "A parentId is the id of a message.")
        }
        return id
    }

    private struct TextBody: Decodable, Sendable { let body: String }

    @Sendable private func edit(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(TextBody.self)
        let message = try await rooms.edit(
            exchange.id("id", "message"), to: input.body.body, by: exchange.caller, input.once)
        return .json { $0.message(message) }
    }

    @Sendable private func delete(_ exchange: Exchange) async throws -> Response {
        _ = try await rooms.delete(exchange.id("id", "message"), by: exchange.caller, exchange.once())
        return .noContent
    }

    @Sendable private func revisions(_ exchange: Exchange) async throws -> Response {
        let revisions = try await rooms.revisions(of: exchange.id("id", "message"), exchange.caller)
        return .json { json in
            json.array("items", revisions) { json, revision in
                json.object { json in
                    if let body = revision.body { json.field("body", body) } else { json.null("body") }
                    json.field("at", revision.at)
                    json.field("by", revision.by)
                }
            }
        }
    }
}
