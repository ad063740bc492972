import HTTPTypes
import Hummingbird
import Kernel
import Videos

/// Videos and the uploads that become them.
struct VideoRoutes: Sendable {
    let library: VideoLibrary
    let signer: any PlaybackSigner
    let feed: VideoEventStream

    var routes: [Route] {
        [
            Route(.post, "/v1/videos", handler: announce),
            Route(.get, "/v1/videos", handler: list),
            Route(.get, "/v1/videos/{id}", handler: video),
            Route(.get, "/v2/videos/{id}", handler: videoInVersionTwo),
            Route(.patch, "/v1/videos/{id}", handler: rename),
            Route(.delete, "/v1/videos/{id}", handler: delete),
            Route(.get, "/v1/videos/{id}/versions", handler: versions),
            Route(.get, "/v1/videos/{id}/events", isStream: true, handler: events),
            Route(.get, "/v1/uploads/{id}", handler: upload),
            Route(.post, "/v1/uploads/{id}/parts", handler: parts),
            Route(.post, "/v1/uploads/{id}/complete", handler: complete),
            Route(.delete, "/v1/uploads/{id}", handler: abandon),
        ]
    }

    private struct AnnouncementBody: Decodable, Sendable {
        let title: String
        let filename: String
        let bytes: Int64
        let contentType: String
        let sha256: String?
        let versionOf: VideoID?
    }

    @Sendable private func announce(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(AnnouncementBody.self)
        let body = input.body
        let caller = try exchange.caller
        let announced = try await library.announce(
            VideoAnnouncement(
                title: body.title, filename: body.filename, bytes: body.bytes, contentType: body.contentType,
                sha256: body.sha256), versionOf: body.versionOf, by: caller, input.once)
        return .json(.created, headers: [.location: "/v1/videos/\(announced.video.id)"]) { json in
            json.object("video") { $0.video(announced.video, grant(announced.video, caller)) }
            json.object("upload") { $0.upload(announced.upload) }
        }
    }

    private func grant(_ video: Video, _ caller: Caller) -> PlaybackGrant {
        signer.grant(tenant: caller.tenant, video: video.id, at: .now())
    }

    private func json(_ video: Video, _ caller: Caller, _ status: HTTPResponse.Status = .ok) -> Response {
        .json(status) { $0.video(video, grant(video, caller)) }
    }

    @Sendable private func list(_ exchange: Exchange) async throws -> Response {
        var state: Video.State?
        if let text = exchange.query("state") {
            state = Video.State(rawValue: text)
            guard state != nil else {
                let known = Video.State.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure.invalid("state", "unknown", "A state is one of \(known).")
            }
        }
        let caller = try exchange.caller
        let page = try await library.videos(
            caller, exchange.page, state: state, latest: exchange.flag("latest") ?? false)
        return .list(page) { $0.video($1, grant($1, caller)) }
    }

    @Sendable private func video(_ exchange: Exchange) async throws -> Response {
        let caller = try exchange.caller
        return json(try await library.video(exchange.id("id", "video"), caller), caller)
    }

    /// The second version groups what the first has side by side; both are served from the same use case.
    @Sendable private func videoInVersionTwo(_ exchange: Exchange) async throws -> Response {
        let caller = try exchange.caller
        let video = try await library.video(exchange.id("id", "video"), caller)
        return .json { $0.videoInVersionTwo(video, grant(video, caller)) }
    }

    private struct TitleBody: Decodable, Sendable { let title: String }

    @Sendable private func rename(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(TitleBody.self)
        let caller = try exchange.caller
        let video = try await library.rename(
            exchange.id("id", "video"), to: input.body.title, by: caller, input.once)
        return json(video, caller)
    }

    @Sendable private func delete(_ exchange: Exchange) async throws -> Response {
        try await library.delete(exchange.id("id", "video"), by: exchange.caller, exchange.once())
        return .noContent
    }

    @Sendable private func versions(_ exchange: Exchange) async throws -> Response {
        let caller = try exchange.caller
        let versions = try await library.versions(of: exchange.id("id", "video"), caller)
        return .json { json in
            json.array("items", versions) { json, video in
                json.object { $0.video(video, grant(video, caller)) }
            }
        }
    }

    @Sendable private func events(_ exchange: Exchange) async throws -> Response {
        try await feed.response(
            exchange, of: exchange.id("id", "video"), withComments: exchange.flag("comments") ?? false)
    }

    @Sendable private func upload(_ exchange: Exchange) async throws -> Response {
        let view = try await library.upload(exchange.id("id", "upload"), exchange.caller)
        return .json { $0.upload(view) }
    }

    private struct NumbersBody: Decodable, Sendable { let numbers: [Int] }

    @Sendable private func parts(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(NumbersBody.self)
        let offers = try await library.partURLs(
            exchange.id("id", "upload"), numbers: input.body.numbers, exchange.caller)
        return .json { $0.parts(offers) }
    }

    private struct PartsBody: Decodable, Sendable { let parts: [UploadedPart.Reference] }

    @Sendable private func complete(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(PartsBody.self)
        let caller = try exchange.caller
        let video = try await library.complete(
            exchange.id("id", "upload"), parts: input.body.parts.map(\.unquoted), by: caller, input.once)
        return json(video, caller, .accepted)
    }

    @Sendable private func abandon(_ exchange: Exchange) async throws -> Response {
        try await library.abandon(exchange.id("id", "upload"), by: exchange.caller, exchange.once())
        return .noContent
    }
}

extension UploadedPart.Reference {
    /// Clients hand the ETag header back as it came, which is quoted.
    fileprivate var unquoted: Self { Self(number: number, etag: etag.filter { $0 != "\"" }) }
}
