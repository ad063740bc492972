import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import Videos

/// Links for guests: members make and revoke them, guests come in by them.
struct ShareRoutes: Sendable {
    let shares: Shares
    let signer: any PlaybackSigner
    let limit: ShareLimit
    /// What people call this server; links start with it.
    let publicURL: String
    let names: PeopleNames

    var routes: [Route] {
        [
            Route(.post, "/v1/videos/{id}/shares", handler: create),
            Route(.get, "/v1/videos/{id}/shares", handler: list),
            Route(.delete, "/v1/videos/{id}/shares/{share}", handler: revoke),
            Route(.get, "/v1/shared/{token}", access: .open, handler: preview),
            Route(.post, "/v1/shared/{token}/views", access: .open, handler: enter),
            Route(.get, "/v1/shared/{token}/video", access: .open, handler: video),
            Route(.get, "/v1/shared/{token}/comments", access: .open, handler: comments),
            Route(.post, "/v1/shared/{token}/comments", access: .open, handler: comment),
        ]
    }

    private struct ShareBody: Decodable, Sendable {
        let expiresAt: String?
        let password: String?
        let maximumViews: Int?
        let allowComments: Bool?
    }

    @Sendable private func create(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(ShareBody.self)
        let body = input.body
        let request = ShareRequest(
            expiresAt: try body.expiresAt.map { try Self.time($0) }, password: body.password,
            maximumViews: body.maximumViews, allowsComments: body.allowComments ?? false)
        let offer = try await shares.create(
            request, of: exchange.id("id", "video"), by: exchange.caller, input.once)
        return .json(.created) { json in
            json.object("share") { $0.share(offer.share) }
            json.field("token", offer.token)
            json.field("url", "\(publicURL)/shared/\(offer.token)")
        }
    }

    private static func time(_ text: String) throws -> Timestamp {
        let formatter = ISO8601DateFormatter()
        let whole = formatter.date(from: text)
        formatter.formatOptions.insert(.withFractionalSeconds)
        guard let date = whole ?? formatter.date(from: text) else {
            throw Failure.invalid("expiresAt", "invalid", "A time looks like 2026-01-02T03:04:05Z.")
        }
        return Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1_000).rounded()))
    }

    @Sendable private func list(_ exchange: Exchange) async throws -> Response {
        let page = try await shares.shares(of: exchange.id("id", "video"), exchange.page, exchange.caller)
        return .list(page) { $0.share($1) }
    }

    @Sendable private func revoke(_ exchange: Exchange) async throws -> Response {
        try await shares.revoke(
            exchange.id("share", "link"), of: exchange.id("id", "video"), by: exchange.caller,
            exchange.once())
        return .noContent
    }

    @Sendable private func preview(_ exchange: Exchange) async throws -> Response {
        let preview = try await shares.preview(exchange.shareToken)
        return .json { json in
            json.field("title", preview.title)
            json.field("hasPassword", preview.share.hasPassword)
            json.field("allowComments", preview.share.allowsComments)
            json.field("expiresAt", preview.share.expiresAt)
            if let left = preview.share.viewsLeft {
                json.field("viewsLeft", left)
            } else {
                json.null("viewsLeft")
            }
        }
    }

    private struct ViewBody: Decodable, Sendable {
        let password: String?
        let name: String?
    }

    @Sendable private func enter(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(ViewBody.self)
        try await take("view", exchange)
        let (token, body) = (exchange.shareToken, input.body)
        let once = shares.reference(of: token).flatMap { Self.once(input.once, "views", of: $0.share) }
        let entry = try await shares.enter(token, password: body.password, name: body.name, once)
        let grant = grant(entry.video, entry.share, entry.tenant)
        return .json(.created) { json in
            json.object("video") { $0.sharedVideo(entry.video, grant) }
            json.field("guestToken", entry.token)
            json.field("expiresAt", entry.expiresAt)
        }
    }

    /// By the link and not by its address, which holds the token.
    private static func once(_ once: OnceKey?, _ what: String, of share: ShareID) -> OnceKey? {
        once.map { OnceKey(scope: "guest \(share) \(what)", key: $0.key, digest: $0.digest) }
    }

    private func grant(_ video: Video, _ share: ShareLink, _ tenant: TenantID) -> PlaybackGrant {
        signer.grant(
            tenant: tenant, video: video.id, share: share.id, until: share.expiresAt, at: .now())
    }

    /// As it is now, for those who wait until it is ready: the view was counted when they came in.
    @Sendable private func video(_ exchange: Exchange) async throws -> Response {
        let guest = try await guest(exchange)
        let grant = grant(guest.video, guest.share, guest.tenant)
        return .json { $0.sharedVideo(guest.video, grant) }
    }

    private func take(_ what: String, _ exchange: Exchange) async throws {
        guard let reference = shares.reference(of: exchange.shareToken) else { return }
        try await limit.take(what, reference.share, exchange.context.remoteAddress)
    }

    private func guest(_ exchange: Exchange) async throws -> Shares.Guest {
        let header = exchange.request.headers[.authorization] ?? ""
        let pass = header.lowercased().hasPrefix("guest ") ? String(header.dropFirst(6)) : nil
        return try await shares.guest(exchange.shareToken, pass: pass)
    }

    @Sendable private func comments(_ exchange: Exchange) async throws -> Response {
        let guest = try await guest(exchange)
        let page = try await shares.comments(exchange.oldestFirst, for: guest)
        // Those who talk with each other know with whom; who may only watch does not need to.
        let authors = guest.share.allowsComments ? Set(page.items.compactMap(\.author.member)) : []
        let names = authors.isEmpty ? [:] : try await names(guest.tenant, authors)
        return try .list(page) { try $0.comment($1, names: names) }
    }

    @Sendable private func comment(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(CommentBody.self)
        let guest = try await guest(exchange)
        try await take("comment", exchange)
        let comment = try await shares.add(
            input.body.draft, by: guest, Self.once(input.once, "comments", of: guest.share.id),
            traceParent: exchange.context.trace.text)
        return try .json(.created) { try $0.comment(comment) }
    }
}

/// How often guests may try, since some guess at passwords and each guess costs a slow hash.
struct ShareLimit: Sendable {
    let limiter: any RateLimiter
    private static let perAddress = 10
    /// From wherever: many may come by one link, none may guess at it for long.
    private static let perLink = 300

    /// `rate_limited`
    func take(_ what: String, _ share: ShareID, _ address: String) async throws {
        try await takeOne("share-\(what):\(share):\(address)", Self.perAddress)
        try await takeOne("share-\(what):\(share)", Self.perLink)
    }

    private func takeOne(_ key: String, _ limit: Int) async throws {
        guard let wait = try await limiter.take(key, limit: limit, per: .seconds(60)) else { return }
        var failure = Failure(.limited, "rate_limited", "Too many attempts; please wait a little.")
        failure.retryAfter = wait
        throw failure
    }
}

extension Exchange {
    fileprivate var shareToken: String { context.parameters.get("token") ?? "" }
}

extension JSONWriter {
    fileprivate mutating func share(_ share: ShareLink) {
        field("id", share.id)
        field("videoId", share.video)
        field("createdBy", share.createdBy)
        field("createdAt", share.createdAt)
        field("expiresAt", share.expiresAt)
        field("hasPassword", share.hasPassword)
        if let maximum = share.maximumViews { field("maximumViews", maximum) } else { null("maximumViews") }
        field("views", share.views)
        field("allowComments", share.allowsComments)
        textOrNull("revokedAt", share.revokedAt?.description)
    }
}
