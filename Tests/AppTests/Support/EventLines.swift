import Foundation
import FoundationNetworking

/// Lines of a stream of events, in order, without the empty ones and the comments.
actor EventLines {
    private var lines: [String] = []
    private var hasEnded = false

    static func open(_ client: APIClient, _ path: String) async throws -> EventLines {
        let stream = EventLines()
        var request = URLRequest(url: URL(string: path, relativeTo: client.base)!)
        request.setValue("Bearer \(client.token ?? "")", forHTTPHeaderField: "Authorization")
        client.place?.apply(to: &request)
        let (incoming, feed) = AsyncStream.makeStream(of: String.self)
        let session = URLSession(configuration: .ephemeral, delegate: LineFeed(feed), delegateQueue: nil)
        session.dataTask(with: request).resume()
        Task { await stream.take(incoming) }
        return stream
    }

    private func take(_ incoming: AsyncStream<String>) async {
        for await line in incoming { lines.append(line) }
        hasEnded = true
    }

    /// Nil at the end of the stream.
    func next(within limit: Duration) async throws -> String? {
        let end = ContinuousClock.now + limit
        while true {
            if !lines.isEmpty { return lines.removeFirst() }
            if hasEnded { return nil }
            // Behind the look: what came while this stood still has come.
            guard ContinuousClock.now < end else { throw APIClient.Timeout(what: "no event came") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// Unchecked: the session calls it from one queue of its own.
private final class LineFeed: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private var rest = Data()
    private let feed: AsyncStream<String>.Continuation

    init(_ feed: AsyncStream<String>.Continuation) { self.feed = feed }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        rest.append(data)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
            rest = Data(rest[rest.index(after: end)...])
            if !line.isEmpty, !line.hasPrefix(":") { feed.yield(line) }
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        feed.finish()
    }
}
