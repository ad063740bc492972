package import Kernel

/// Sends the mails that are due.
///
/// A mail is in the queue once. A crash between handing a letter over and noting that may hand it over twice, with the same
/// `Message-ID`.
package struct MailDelivery: Sendable {
    package struct Settings: Sendable {
        package var publicURL: String
        /// Taken from the queue, and on their way, at once.
        package var concurrent: Int
        package var maximumAttempts: Int
        package var backoff: Backoff
        /// Longer than a letter takes in the worst case.
        package var lease: Duration
        package var maximumInDigest: Int

        package init(
            publicURL: String, concurrent: Int = 4, maximumAttempts: Int = 12,
            backoff: Backoff = Backoff(first: .seconds(30), maximum: .seconds(6 * 3600)),
            lease: Duration = .seconds(300), maximumInDigest: Int = 50
        ) {
            self.publicURL = publicURL
            self.concurrent = concurrent
            self.maximumAttempts = maximumAttempts
            self.backoff = backoff
            self.lease = lease
            self.maximumInDigest = maximumInDigest
        }
    }

    package struct Person: Sendable {
        package let name: String
        package let email: String

        package init(name: String, email: String) {
            self.name = name
            self.email = email
        }
    }

    private let queue: any MailQueue
    private let store: any FeedStore
    private let sender: any MailSender
    private let person: @Sendable (TenantID, UserID) async throws -> Person?
    private let visible: @Sendable (Set<UUIDv7>, TenantID, UserID) async throws -> Set<UUIDv7>
    private let settings: Settings
    private let now: @Sendable () -> Timestamp
    private let observe: @Sendable (MailOutcome, QueuedMail) -> Void

    /// `person` is nil for who is no longer in the team; `visible` are those rooms of the given that the person may see.
    package init(
        queue: any MailQueue, store: any FeedStore, sender: any MailSender, settings: Settings,
        person: @escaping @Sendable (TenantID, UserID) async throws -> Person?,
        visible: @escaping @Sendable (Set<UUIDv7>, TenantID, UserID) async throws -> Set<UUIDv7>,
        now: @escaping @Sendable () -> Timestamp = { .now() },
        observe: @escaping @Sendable (MailOutcome, QueuedMail) -> Void = { _, _ in }
    ) {
        self.queue = queue
        self.store = store
        self.sender = sender
        self.settings = settings
        self.person = person
        self.visible = visible
        self.now = now
        self.observe = observe
    }

    /// Until none is due, or the task ends; what failed of it then. How many were taken.
    @discardableResult
    package func deliverDue() async throws -> Int {
        var taken = 0
        var failure: (any Error)?
        while !Task.isCancelled {
            let mails = try await queue.claim(settings.concurrent, lease: settings.lease, at: now())
            guard !mails.isEmpty else { break }
            taken += mails.count
            let failures = try await withThrowingTaskGroup(of: (any Error)?.self) { group in
                for mail in mails { group.addTask { try await failed(at: mail) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            failure = failure ?? failures.first { $0 != nil } ?? nil
        }
        if let failure { throw failure }
        return taken
    }

    /// One whose end could not be noted is no reason to leave the others; it comes again when its lease lapses.
    private func failed(at mail: QueuedMail) async throws -> (any Error)? {
        do {
            try await deliver(mail)
            return nil
        } catch {
            if Task.isCancelled { throw error }
            return error
        }
    }

    private func deliver(_ mail: QueuedMail) async throws {
        let outcome: MailOutcome
        do {
            outcome = try await attempt(mail)
        } catch {
            if Task.isCancelled { throw error }
            outcome = failed(mail, Failure.wrapping(error))
        }
        if try await queue.finish(mail, outcome, at: now()) { observe(outcome, mail) }
    }

    private func failed(_ mail: QueuedMail, _ failure: Failure) -> MailOutcome {
        if failure.code == "mail_refused" || mail.attempt >= settings.maximumAttempts {
            return .dead(reason: "\(failure)")
        }
        return .retry(
            at: now() + settings.backoff.delay(afterAttempt: mail.attempt), reason: "\(failure)")
    }

    private func attempt(_ mail: QueuedMail) async throws -> MailOutcome {
        guard let recipient = try await person(mail.tenant, mail.user) else { return .dropped }
        if case .security(let kind, let time) = mail.channel {
            return try await send(
                LetterText(kind, at: time, publicURL: settings.publicURL), of: mail, to: recipient)
        }
        let preferences =
            try await store.preferences(of: mail.user, in: mail.tenant) ?? NotificationPreferences.standard
        // What was moved between at once and the digest since stays with the mail that it became due with.
        let wanted = Notification.Kind.allCases.filter { preferences.mailing($0) != .off }
        let found = try await content(of: mail, kinds: wanted)
        let content = Array(found.prefix(settings.maximumInDigest))
        guard !content.isEmpty else { return .dropped }
        let time = now()
        // Chosen, or begun, since the mail became due.
        if let end = preferences.quietHours?.end(around: time, LocalTime(preferences.timeZone)) {
            return .postpone(until: end)
        }
        let names = try await names(in: content, mail.tenant)
        let text =
            switch mail.channel {
            case .digest:
                LetterText(
                    digest: content, hasMore: found.count > settings.maximumInDigest,
                    publicURL: settings.publicURL
                ) { names[$0] }
            case .instant, .security:
                LetterText(content[0], publicURL: settings.publicURL) { names[$0] }
            }
        return try await send(text, of: mail, to: recipient)
    }

    /// What may be told, and whether there is more than there is room for: one more then.
    private func content(of mail: QueuedMail, kinds: [Notification.Kind]) async throws -> [Notification] {
        let limit = settings.maximumInDigest + 1
        var content: [Notification] = []
        var last: NotificationID?
        while content.count < limit {
            let found = try await queue.content(of: mail, kinds: kinds, after: last, limit: limit)
            content += try await visible(found, mail)
            guard found.count == limit else { break }
            last = found.last?.id
        }
        return content
    }

    /// A room may have been left a moment ago, which was not told here yet.
    private func visible(_ found: [Notification], _ mail: QueuedMail) async throws -> [Notification] {
        let rooms = Set(found.compactMap(\.place.room))
        guard !rooms.isEmpty else { return found }
        let seen = try await visible(rooms, mail.tenant, mail.user)
        return found.filter { $0.place.room.map(seen.contains) ?? true }
    }

    private func send(
        _ text: LetterText, of mail: QueuedMail, to recipient: Person
    ) async throws -> MailOutcome {
        try await sender.send(
            Letter(id: mail.letter, to: recipient.email, subject: text.subject, body: text.body))
        return .sent
    }

    private func names(in content: [Notification], _ tenant: TenantID) async throws -> [UserID: String] {
        var users = Set(content.compactMap(\.actor))
        for notification in content { users.formUnion(Mention.users(in: notification.excerpt ?? "")) }
        var names: [UserID: String] = [:]
        for user in users { names[user] = try await person(tenant, user)?.name }
        return names
    }
}
