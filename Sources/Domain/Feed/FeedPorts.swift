package import Kernel

/// The activities of teams, and the notifications of their people. Every call is of one tenant and sees nothing of others.
package protocol FeedStore: Sendable {
    /// Does the changes of one event, all or none. Again it changes nothing: an activity, a notification to a person and
    /// a message's place in a count are there once, and mails are due only with a notification that was not there.
    /// Without `mails`, none become due.
    func apply(_ changes: [FeedChange], in tenant: TenantID, at time: Timestamp, mails: Bool) async throws
        -> FeedOutcome

    /// In the page's order.
    func activities(_ page: PageRequest, in tenant: TenantID) async throws -> Page<Activity>

    /// Newest first, of those that the person wants shown.
    func notifications(
        _ page: PageRequest, of user: UserID, unreadOnly: Bool, in tenant: TenantID
    ) async throws -> Page<Notification>

    func unread(of user: UserID, in tenant: TenantID) async throws -> Int

    /// Unknown ones are passed over. How many are unread then.
    func markRead(_ which: ReadSelection, of user: UserID, in tenant: TenantID, at time: Timestamp)
        async throws -> Int

    /// Nil if the person has chosen nothing.
    func preferences(of user: UserID, in tenant: TenantID) async throws -> NotificationPreferences?

    /// Puts what `change` makes of them in their place: one transaction, in which it may be run again. Mails that are due
    /// already stay due.
    func changePreferences(
        of user: UserID, in tenant: TenantID,
        _ change: @escaping @Sendable (NotificationPreferences?) throws -> NotificationPreferences
    ) async throws -> NotificationPreferences

    /// Forgets activities and notifications told before `time`, and mails done with, of all tenants; how many.
    func removeTold(before time: Timestamp) async throws -> Int
}

package enum ReadSelection: Sendable, Equatable {
    case these([NotificationID])
    /// This one and all that came before.
    case through(NotificationID)
}

/// Mails that are to be sent, of all tenants. Each is there once, whatever is told twice.
package protocol MailQueue: Sendable {
    /// Takes up to `limit` mails that are due, the longest due first; nobody else gets them within `lease`. Fails only
    /// where it could take none: a store that is away keeps its own mails, not those of others.
    func claim(_ limit: Int, lease: Duration, at time: Timestamp) async throws -> [QueuedMail]

    /// What the mail is about, as it is now: of an instant one the notification, of a digest those that wait for it, oldest
    /// first, at most `limit` of those `kinds` behind `last`; of a security letter nothing. Without what was read or taken
    /// back meanwhile.
    func content(
        of mail: QueuedMail, kinds: [Notification.Kind], after last: NotificationID?, limit: Int
    ) async throws -> [Notification]

    /// Ends or postpones a claimed mail; false, and nothing changes, if the lease was lost.
    func finish(_ mail: QueuedMail, _ outcome: MailOutcome, at time: Timestamp) async throws -> Bool

    /// How many wait, and how many were given up, of all tenants whose store answers; fails where none does.
    func depth() async throws -> MailDepth
}

package struct QueuedMail: Sendable, Equatable {
    package enum Channel: Sendable, Equatable {
        case instant(NotificationID)
        /// The one that is due at that time.
        case digest(Timestamp)
        /// Of what happened then; about no notification.
        case security(SecurityLetter, at: Timestamp)
    }

    package let tenant: TenantID
    package let user: UserID
    package let channel: Channel
    /// Of the letter; the same at every try.
    package let letter: UUIDv7
    /// From 1, counts this claim.
    package let attempt: Int

    package init(tenant: TenantID, user: UserID, channel: Channel, letter: UUIDv7, attempt: Int) {
        self.tenant = tenant
        self.user = user
        self.channel = channel
        self.letter = letter
        self.attempt = attempt
    }
}

package enum MailOutcome: Sendable, Equatable {
    case sent
    /// There was nothing to say any more.
    case dropped
    case retry(at: Timestamp, reason: String)
    /// Not before that time, and this attempt does not count.
    case postpone(until: Timestamp)
    case dead(reason: String)
}

package struct MailDepth: Sendable, Equatable {
    package var waiting: Int
    package var dead: Int

    package init(waiting: Int, dead: Int) {
        self.waiting = waiting
        self.dead = dead
    }
}
