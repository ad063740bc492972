import Feed
import Kernel

/// The changes of one event, in one transaction.
struct FeedTransaction {
    let rows: TenantWriter
    let time: Timestamp
    let mails: Bool
    private(set) var outcome = FeedOutcome()

    init(rows: TenantWriter, time: Timestamp, mails: Bool) {
        self.rows = rows
        self.time = time
        self.mails = mails
    }

    mutating func apply(_ change: FeedChange) throws {
        switch change {
        case .tell(let activity): if try insert(activity) { outcome.changedFeed = true }
        case .tellMessage(let activity, let number): try count(activity, number)
        case .notify(let notification, let users):
            for user in users where try insert(notification, for: user) { outcome.concerned.insert(user) }
        case .notifyOthers(let notification, let users):
            let told = try told(notification.place, among: users)
            for user in users where try !told.contains(user) && insert(notification, for: user) {
                outcome.concerned.insert(user)
            }
        case .warn(let user, let letter, let time):
            if mails { try insert(.security(letter, at: time), due: self.time, for: user) }
        case .takeBack(let room, let number, let time): try takeBack(room, number, time)
        case .forget(let subject): try forget(subject)
        case .retitle(let video, let title):
            try reword("video = \(video) AND title <> \(title)", set: "title = \(title)")
        case .reword(.comment(let id), let excerpt):
            try reword("comment = \(id)", set: "excerpt = \(excerpt)")
        case .reword(.message(let id), let excerpt):
            try reword("message = \(id)", set: "excerpt = \(excerpt)")
        case .reword: break
        case .leave(let room, let users, let end):
            var theirs: SQLText = "room = \(room) AND user_id IN \(list: users)"
            if let end { theirs.append(" AND at <= \(end)") }
            try removeNotifications(where: theirs)
        }
    }

    private func insert(
        _ activity: Activity, bucket: Int64? = nil, counted: String? = nil
    ) throws -> Bool {
        let place = activity.place
        return try rows.insertIfAbsent(
            into: .feedActivities,
            [
                "id": activity.id, "kind": activity.kind.rawValue, "actor": activity.actor,
                "at": activity.at, "video": place.video, "room": place.room, "comment": place.comment,
            ],
            and: [
                "message": place.message, "title": activity.title, "excerpt": activity.excerpt,
                "count": activity.count, "bucket": bucket, "counted": counted,
            ])
    }

    /// One row for the messages of a quarter of an hour, which knows their numbers.
    private mutating func count(_ activity: Activity, _ number: Int64) throws {
        let bucket = FeedBucket.of(activity.at)
        let known = try rows.reader.first(
            "id, counted", from: .feedActivities,
            where: "room = \(activity.place.room) AND bucket = \(bucket)"
        ) { (id: try $0.next(ActivityID.self), counted: try $0.nextIfPresent(String.self)) }
        var counted = known?.counted.flatMap(SequenceRuns.init) ?? SequenceRuns()
        guard counted.insert(number) else { return }
        outcome.changedFeed = true
        guard let known else {
            _ = try insert(activity, bucket: bucket, counted: counted.description)
            return
        }
        let text = counted.description
        if counted.last == number {
            try rows.update(
                .feedActivities,
                set: """
                    count = count + 1, counted = \(text), actor = \(activity.actor), \
                    message = \(activity.place.message), title = \(activity.title), \
                    excerpt = \(activity.excerpt)
                    """, where: "id = \(known.id)")
        } else {
            // An older one that was missing: what is shown of the newest stays.
            try rows.update(
                .feedActivities, set: "count = count + 1, counted = \(text)", where: "id = \(known.id)")
        }
    }

    /// The clocks of a message and of the event that told of it may lie on two sides of a quarter's end.
    private mutating func takeBack(_ room: UUIDv7, _ number: Int64, _ time: Timestamp) throws {
        let bucket = FeedBucket.of(time)
        let near = try rows.reader.select(
            "id, count, counted", from: .feedActivities,
            where: "room = \(room) AND bucket >= \(bucket - 1) AND bucket <= \(bucket + 1)"
        ) {
            (
                id: try $0.next(ActivityID.self), count: try $0.next(Int.self),
                counted: try $0.next(String.self)
            )
        }
        for known in near {
            guard var counted = SequenceRuns(known.counted), counted.remove(number) else { continue }
            outcome.changedFeed = true
            if known.count <= 1 {
                try rows.delete(from: .feedActivities, where: "id = \(known.id)")
            } else {
                try rows.update(
                    .feedActivities, set: "count = count - 1, counted = \(counted.description)",
                    where: "id = \(known.id)")
            }
            return
        }
    }

    private func told(_ place: FeedPlace, among users: [UserID]) throws -> Set<UserID> {
        let subject: SQLText
        if let message = place.message {
            subject = "message = \(message)"
        } else if let comment = place.comment {
            subject = "comment = \(comment)"
        } else {
            return []
        }
        return Set(
            try rows.reader.select(
                "DISTINCT user_id", from: .notifications,
                where: "\(subject) AND user_id IN \(list: users)"
            ) { try $0.next(UserID.self) })
    }

    private func insert(_ notification: Notification, for user: UserID) throws -> Bool {
        let preferences = try FeedRows.preferences(of: user, rows.reader) ?? .standard
        let delivery = preferences.delivery(of: notification.kind, at: time)
        guard delivery.isShown || delivery.mail != nil else { return false }
        var digest: Timestamp?
        if mails, case .digest(let due) = delivery.mail { digest = due }
        let place = notification.place
        let isNew = try rows.insertIfAbsent(
            into: .notifications,
            [
                "user_id": user, "id": notification.id, "kind": notification.kind.rawValue,
                "actor": notification.actor, "at": notification.at, "video": place.video,
                "room": place.room, "comment": place.comment, "message": place.message,
            ],
            and: [
                "seconds": place.seconds, "title": notification.title, "excerpt": notification.excerpt,
                "shown": delivery.isShown, "digest_at": digest,
            ])
        if isNew, mails, let mail = delivery.mail { try insert(mail, of: notification.id, for: user) }
        return isNew && delivery.isShown
    }

    private func insert(
        _ mail: NotificationDelivery.Mail, of notification: NotificationID, for user: UserID
    ) throws {
        let (channel, due): (QueuedMail.Channel, Timestamp) =
            switch mail {
            case .instant(let due): (.instant(notification), due)
            case .digest(let due): (.digest(due), due)
            }
        try insert(channel, due: due, for: user)
    }

    private func insert(_ channel: QueuedMail.Channel, due: Timestamp, for user: UserID) throws {
        _ = try rows.insertIfAbsent(
            into: .notificationMails,
            [
                "user_id": user, "key": MailRows.key(channel), "letter": UUIDv7(), "state": "waiting",
                "due_at": due, "attempts": 0, "updated_at": time,
            ])
    }

    private mutating func forget(_ subject: FeedSubject) throws {
        switch subject {
        case .video(let id): try forget("video = \(id)")
        case .comment(let id): try forget("comment = \(id)")
        case .message(let id):
            // Others of its quarter of an hour are told of still.
            let reworded = try rows.update(
                .feedActivities, set: "excerpt = NULL, message = NULL", where: "message = \(id)")
            if reworded > 0 { outcome.changedFeed = true }
            try removeNotifications(where: "message = \(id)")
        case .person(let user):
            let joined = Activity.Kind.userJoined.rawValue
            let gone = try rows.delete(
                from: .feedActivities, where: "kind = \(joined) AND actor = \(user)")
            if gone > 0 { outcome.changedFeed = true }
            for table in [TenantTable.notifications, .notificationPreferences, .notificationMails] {
                try rows.delete(from: table, where: "user_id = \(user)")
            }
        }
    }

    private mutating func forget(_ condition: SQLText) throws {
        if try rows.delete(from: .feedActivities, where: condition) > 0 { outcome.changedFeed = true }
        try removeNotifications(where: condition)
    }

    private mutating func removeNotifications(where condition: SQLText) throws {
        let users = try rows.reader.select(
            "DISTINCT user_id", from: .notifications, where: condition
        ) { try $0.next(UserID.self) }
        guard !users.isEmpty else { return }
        try rows.delete(from: .notifications, where: condition)
        outcome.concerned.formUnion(users)
    }

    private mutating func reword(_ condition: SQLText, set change: SQLText) throws {
        if try rows.update(.feedActivities, set: change, where: condition) > 0 { outcome.changedFeed = true }
        try rows.update(.notifications, set: change, where: condition)
    }
}
