package import Kernel

extension Shares {
    /// What somebody learns of a link before coming in.
    package struct Preview: Sendable {
        package let title: String
        package let share: ShareLink
    }

    /// Somebody who came in.
    package struct Entry: Sendable {
        package let tenant: TenantID
        package let share: ShareLink
        package let video: Video
        package let token: String
        package let expiresAt: Timestamp
    }

    /// A guest whose pass and link are good now.
    package struct Guest: Sendable {
        package let tenant: TenantID
        package let share: ShareLink
        package let video: Video
        package let name: String
    }

    static let unknown = Failure.notFound("link")
    static let wrongPassword = Failure(
        .forbidden, "password_wrong", "This link has a password, and that is not it.")
    static let passNeeded = Failure(
        .unauthorised, "unauthenticated", "Please open the link anew; this visit is over.")

    /// Nil for what is no token of ours: it costs no question to the store.
    package func reference(of token: String) -> ShareReference? { tokens.share(of: token) }

    /// `not_found`, `share_ended`.
    package func preview(_ token: String) async throws -> Preview {
        let found = try await find(token)
        guard found.share.admits(at: now()) else { throw ShareLink.ended }
        return Preview(title: found.video.title, share: found.share)
    }

    /// A view that was counted, and when.
    private struct View: Codable, Sendable {
        let share: ShareLink
        let time: Timestamp
    }

    /// Counts a view. `not_found`, `share_ended`, `password_wrong`. Never more come in than the link has views: with the
    /// same `once` key one gets the pass of the first time again, and `unauthenticated` when its time is over.
    package func enter(
        _ token: String, password: String?, name: String?, _ once: OnceKey? = nil
    ) async throws -> Entry {
        let name = try GuestPass.validated(name: name)
        let found = try await find(token)
        // A repetition may have taken the last view itself: the write tells.
        let start = now()
        let isOpen = once == nil ? found.share.admits(at: start) : found.share.isOpen(at: start)
        guard isOpen else { throw ShareLink.ended }
        if let hash = found.passwordHash {
            guard let password, password.utf8.count <= 4_096, try await passwords.verify(password, hash)
            else { throw Self.wrongPassword }
        }
        let (tenant, id, time) = (found.reference.tenant, found.share.id, now())
        let view = try await store.write(WriteContext(tenant: tenant, once: once)) { writer in
            guard var share = try writer.share(id), try writer.video(share.video) != nil else {
                throw Self.unknown
            }
            try share.view(at: time)
            try writer.save(share)
            return View(share: share, time: time)
        }
        let expiresAt = min(view.time + GuestPass.lifetime, view.share.expiresAt)
        guard time < expiresAt else { throw Self.passNeeded }
        let pass = GuestPass(share: found.reference, name: name, expiresAt: expiresAt)
        return Entry(
            tenant: tenant, share: view.share, video: found.video, token: tokens.token(of: pass),
            expiresAt: expiresAt)
    }

    /// `not_found`, `share_ended`; `unauthenticated` unless `pass` is of this link and in time.
    package func guest(_ token: String, pass: String?) async throws -> Guest {
        let found = try await find(token)
        let time = now()
        guard found.share.isOpen(at: time) else { throw ShareLink.ended }
        guard let pass = pass.flatMap(tokens.pass), pass.share == found.reference, time < pass.expiresAt
        else { throw Self.passNeeded }
        return Guest(
            tenant: found.reference.tenant, share: found.share, video: found.video, name: pass.name)
    }

    /// Threads that are open, as the page says.
    package func comments(_ page: PageRequest, for guest: Guest) async throws -> Page<Comment> {
        try await store.read(guest.tenant) {
            try $0.comments(of: guest.share.video, page, isResolved: false)
        }
    }

    package func add(
        _ draft: CommentDraft, by guest: Guest, _ once: OnceKey?, traceParent: String?
    ) async throws -> Comment {
        guard guest.share.allowsComments else {
            throw Failure(.forbidden, "forbidden", "This link is for watching only.")
        }
        let (id, time) = (guest.share.id, now())
        return try await reviews.add(
            draft, to: guest.share.video, by: .guest(name: guest.name, share: id),
            WriteContext(tenant: guest.tenant, once: once, traceParent: traceParent)
        ) { reader in
            // Looked at in the write itself: it may have been revoked a moment ago.
            guard try reader.share(id)?.isOpen(at: time) == true else { throw ShareLink.ended }
        }
    }

    /// Whether guests of a link may still watch.
    package func isOpen(_ id: ShareID, in tenant: TenantID) async throws -> Bool {
        let time = now()
        return try await store.read(tenant) { try $0.share(id)?.isOpen(at: time) == true }
    }

    private struct Found: Sendable {
        let reference: ShareReference
        let share: ShareLink
        let passwordHash: String?
        let video: Video
    }

    private func find(_ token: String) async throws -> Found {
        guard let reference = tokens.share(of: token) else { throw Self.unknown }
        let found = try await store.read(reference.tenant) { reader -> Found? in
            guard let share = try reader.share(reference.share),
                let video = try reader.video(share.video)
            else { return nil }
            return Found(
                reference: reference, share: share,
                passwordHash: try reader.passwordHash(of: reference.share), video: video)
        }
        guard let found else { throw Self.unknown }
        return found
    }
}
