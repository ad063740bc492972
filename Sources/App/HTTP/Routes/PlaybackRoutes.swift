import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import Videos

/// Segments, playlists and pictures behind signed paths; and the parts of uploads, where the store has no HTTP face.
struct PlaybackRoutes: Sendable {
    let playback: Playback
    let endpoint: (any SignedObjectEndpoint)?
    /// How long a part may come slowly.
    let slowStart: Duration

    var routes: [Route] {
        var routes = [
            Route(.get, "/v1/playback/{token}/{video}/{path+}", access: .open, isStream: true, handler: file),
            Route(
                .head, "/v1/playback/{token}/{video}/{path+}", access: .open, isStream: true, handler: file),
        ]
        if let endpoint {
            routes.append(
                Route(.put, endpoint.pathPrefix + "{path+}", access: .open, isStream: true) { exchange in
                    try await receive(exchange, endpoint)
                })
        }
        return routes
    }

    @Sendable private func file(_ exchange: Exchange) async throws -> Response {
        let token = exchange.context.parameters.get("token") ?? ""
        let video: VideoID = try exchange.id("video", "video")
        func read(_ range: ByteRange?) async throws -> Playback.File {
            try await playback.file(token: token, video: video, path: exchange.trailingPath, range: range)
        }
        var range = Self.range(exchange.request.headers[.range])
        var file = try await read(range)
        if range != nil, let known = exchange.request.headers[.ifRange],
            known != "\"\(file.object.stat.etag)\""
        {
            // What the client has the beginning of is another version by now.
            range = nil
            file = try await read(nil)
        }
        let stat = file.object.stat
        var headers: HTTPFields = [
            .contentType: stat.contentType, .eTag: "\"\(stat.etag)\"", .acceptRanges: "bytes",
            .cacheControl: Self.cacheControl(file), .accessControlAllowOrigin: "*",
            .accessControlExposeHeaders: "Content-Range, ETag",
        ]
        if exchange.request.headers[.ifNoneMatch]?.contains("\"\(stat.etag)\"") == true {
            return Response(status: .notModified, headers: headers)
        }
        let part = file.object.range
        if range != nil {
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(stat.bytes)"
        }
        headers[.contentLength] = String(part.count)
        let status: HTTPResponse.Status = range == nil ? .ok : .partialContent
        guard exchange.request.method != .head else { return Response(status: status, headers: headers) }
        return Response(status: status, headers: headers, body: Self.body(file.object.body, part.count))
    }

    private static func body(_ source: ObjectBody, _ length: Int) -> ResponseBody {
        ResponseBody(contentLength: length) { writer in
            for try await chunk in source { try await writer.write(chunk) }
            try await writer.finish(nil)
        }
    }

    private static func cacheControl(_ file: Playback.File) -> String {
        let seconds = Int(file.lifetime.inSeconds)
        let scope = file.isPrivate ? "private" : "public"
        return "\(scope), max-age=\(seconds)" + (file.isImmutable ? ", immutable" : "")
    }

    /// The one range that players ask for; several at once, or nonsense, are answered with the whole (RFC 9110).
    static func range(_ header: String?) -> ByteRange? {
        guard let header, header.hasPrefix("bytes=") else { return nil }
        let parts = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch (Int64(parts[0]), Int64(parts[1])) {
        case (let first?, let last?) where first >= 0 && last >= first: return .span(first, last)
        case (let first?, nil) where first >= 0 && parts[1].isEmpty: return .from(first)
        case (nil, let count?) where count > 0 && parts[0].isEmpty: return .last(count)
        default: return nil
        }
    }

    private func receive(_ exchange: Exchange, _ endpoint: any SignedObjectEndpoint) async throws -> Response
    {
        let request = exchange.request
        let part = try await endpoint.receive(
            path: request.uri.path, query: request.uri.query ?? "",
            length: request.headers[.contentLength].flatMap(Int64.init),
            contentType: request.headers[.contentType], body: SteadyBody(request.body, grace: slowStart))
        return Response(status: .ok, headers: [.eTag: "\"\(part.etag)\"", .cacheControl: "no-store"])
    }
}
