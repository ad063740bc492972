import Hummingbird
import Kernel
import Polls

/// Questions to those in a room.
struct PollRoutes: Sendable {
    let polls: Polls

    var routes: [Route] {
        [
            Route(.post, "/v1/rooms/{id}/polls", handler: create),
            Route(.get, "/v1/rooms/{id}/polls", handler: list),
            Route(.get, "/v1/polls/{id}", handler: poll),
            Route(.put, "/v1/polls/{id}/vote", handler: vote),
            Route(.post, "/v1/polls/{id}/close", handler: close),
        ]
    }

    private struct DraftBody: Decodable, Sendable {
        let question: String
        let options: [String]
    }

    @Sendable private func create(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(DraftBody.self)
        let draft = PollDraft(question: input.body.question, options: input.body.options)
        let view = try await polls.create(
            draft, in: exchange.id("id", "room"), by: exchange.caller, input.once)
        return .json(.created, headers: [.location: "/v1/polls/\(view.poll.id)"]) { $0.poll(view) }
    }

    @Sendable private func list(_ exchange: Exchange) async throws -> Response {
        let page = try await polls.polls(in: exchange.id("id", "room"), exchange.page, exchange.caller)
        return .list(page) { $0.poll($1) }
    }

    @Sendable private func poll(_ exchange: Exchange) async throws -> Response {
        let view = try await polls.poll(exchange.id("id", "poll"), exchange.caller)
        return .json { $0.poll(view) }
    }

    private struct VoteBody: Decodable, Sendable { let option: Int }

    @Sendable private func vote(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(VoteBody.self)
        let view = try await polls.vote(
            input.body.option, on: exchange.id("id", "poll"), by: exchange.caller, input.once)
        return .json { $0.poll(view) }
    }

    @Sendable private func close(_ exchange: Exchange) async throws -> Response {
        let view = try await polls.close(
            exchange.id("id", "poll"), by: exchange.caller, exchange.once())
        return .json { $0.poll(view) }
    }
}

extension JSONWriter {
    fileprivate mutating func poll(_ view: PollView) {
        poll(view.poll, view.votes)
        if let choice = view.choice { field("choice", choice) } else { null("choice") }
    }
}
