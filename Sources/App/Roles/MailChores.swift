import Chat
import Feed
import Identity
import Kernel
import Logging
import Profiles
import Telemetry

extension Process {
    /// Letters about notifications, sent by one process at a time; none where nobody delivers them.
    func mailChores(_ backend: Backend) -> [Upkeep.Chore] {
        guard let sender = backend.mail else { return [] }
        let settings = profile.feed.mail
        var delivery = MailDelivery.Settings(publicURL: profile.http.publicURL)
        delivery.maximumAttempts = settings.maximumAttempts
        delivery.backoff = Backoff(first: settings.firstDelay, maximum: settings.maximumDelay)
        let mails = MailDelivery(
            queue: backend.mails, store: backend.feed, sender: sender, settings: delivery,
            person: { tenant, user in
                try await backend.identity.read(tenant) { try $0.user(user) }.map {
                    .init(name: $0.name, email: $0.email)
                }
            },
            visible: { rooms, tenant, user in
                try await backend.chat.read(tenant) { reader in
                    let found = try reader.rooms(rooms.map { RoomID($0) })
                    return Set(found.filter { $0.isVisible(to: user) }.map(\.id.uuid))
                }
            }, observe: note)
        return [.init("send-mails", every: settings.interval) { try await mails.deliverDue() }]
    }

    @Sendable private func note(_ outcome: MailOutcome, _ mail: QueuedMail) {
        let name: String
        var reason: String?
        switch outcome {
        case .sent: name = "sent"
        case .dropped: name = "dropped"
        case .postpone: name = "postponed"
        case .retry(_, let why): (name, reason) = ("retried", why)
        case .dead(let why): (name, reason) = ("dead", why)
        }
        metrics.add(
            to: "mails_total", help: "Letters about notifications, by what became of them.",
            labels: ["outcome": name])
        guard let reason else { return }
        logger.warning(
            "letter not delivered",
            metadata: [
                "tenant": "\(mail.tenant)", "user": "\(mail.user)", "letter": "\(mail.letter)",
                "attempt": "\(mail.attempt)", "outcome": "\(name)", "reason": "\(reason)",
            ])
    }
}

extension FeedPages {
    /// Over the cache that all processes share; pages are read from where everything committed is seen.
    init(_ backend: Backend, lifetime: Duration) {
        self.init(backend.sharedCache, settings: .init(lifetime: lifetime)) { page, tenant in
            try await Consistency.$current.withValue(nil) {
                try await backend.feed.activities(page, in: tenant)
            }
        }
    }
}
