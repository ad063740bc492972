import Hummingbird
import Kernel
import Search

/// Finding what a team has.
struct SearchRoutes: Sendable {
    let searching: Searching

    var routes: [Route] { [Route(.get, "/v1/search", handler: search)] }

    @Sendable private func search(_ exchange: Exchange) async throws -> Response {
        guard let text = exchange.query("q") else {
            throw Failure.invalid("q", "required", "Please say what to search for.")
        }
        var request = Searching.Request(text)
        request.kind = exchange.query("kind")
        request.room = exchange.query("roomId")
        request.limit = try exchange.limit
        request.cursor = exchange.query("cursor")
        let results = try await searching.find(request, by: exchange.caller)
        return .json { json in
            json.array("items", results.hits) { json, hit in json.object { $0.hit(hit) } }
            if let next = results.next { json.field("nextCursor", next) } else { json.null("nextCursor") }
        }
    }
}

extension JSONWriter {
    /// Highlights are ranges in UTF-16 units of the text beside them, so that nobody's words become markup.
    fileprivate mutating func hit(_ hit: Searching.Hit) {
        let document = hit.document
        field("kind", document.key.kind.rawValue)
        field("id", document.key.id.description)
        field("match", hit.rank.name)
        object("title") { $0.marked(hit.title) }
        if !hit.excerpt.text.isEmpty { object("excerpt") { $0.marked(hit.excerpt) } }
        if let author = document.author { field("authorId", author) }
        if let room = document.room { field("roomId", room.description) }
        field("createdAt", document.key.id.timestamp)
    }

    private mutating func marked(_ highlights: Highlights) {
        field("text", highlights.text)
        array("highlights", highlights.ranges) { json, range in
            json.object {
                $0.field("start", range.lowerBound)
                $0.field("end", range.upperBound)
            }
        }
    }
}
