package import Kernel

/// How one person wants to be told.
package struct NotificationPreferences: Sendable, Codable, Equatable {
    package enum Mailing: String, Sendable, Codable, CaseIterable {
        case instant, digest, off
    }

    package struct Digest: Sendable, Codable, Equatable {
        package enum Period: String, Sendable, Codable, CaseIterable {
            case daily, weekly, off
        }

        package var period: Period
        /// Of the day, in the person's time zone; weekly ones come on Mondays.
        package var hour: Int

        package init(period: Period, hour: Int) {
            self.period = period
            self.hour = hour
        }
    }

    package var email: [Notification.Kind: Mailing]
    package var inApp: [Notification.Kind: Bool]
    package var digest: Digest
    package var quietHours: QuietHours?
    /// By its name in the time zone database.
    package var timeZone: String

    package init(
        email: [Notification.Kind: Mailing], inApp: [Notification.Kind: Bool], digest: Digest,
        quietHours: QuietHours?, timeZone: String
    ) {
        self.email = email
        self.inApp = inApp
        self.digest = digest
        self.quietHours = quietHours
        self.timeZone = timeZone
    }

    /// Of whoever has chosen nothing.
    package static let standard = NotificationPreferences(
        email: [
            .mention: .instant, .reply: .instant, .videoFailed: .instant, .comment: .digest,
            .approval: .digest, .videoReady: .digest, .directMessage: .digest,
            .roomAdded: .digest,
        ], inApp: [:], digest: Digest(period: .daily, hour: 8), quietHours: nil, timeZone: "UTC")

    package func isShown(_ kind: Notification.Kind) -> Bool { inApp[kind] ?? true }

    package func mailing(_ kind: Notification.Kind) -> Mailing {
        let mailing = email[kind] ?? .off
        return mailing == .digest && digest.period == .off ? .off : mailing
    }

    /// How a notification of `kind` that comes at `time` reaches the person.
    package func delivery(of kind: Notification.Kind, at time: Timestamp) -> NotificationDelivery {
        let zone = LocalTime(timeZone)
        let mail: NotificationDelivery.Mail? =
            switch mailing(kind) {
            case .off: nil
            case .instant: .instant(due: quietHours?.end(around: time, zone) ?? time)
            case .digest:
                .digest(due: zone.next(hour: digest.hour, weekly: digest.period == .weekly, after: time))
            }
        return NotificationDelivery(isShown: isShown(kind), mail: mail)
    }

    /// `invalid_request` with all that is wrong.
    package func checked() throws(Failure) -> NotificationPreferences {
        var fields: [Failure.Field] = []
        if !(0...23).contains(digest.hour) {
            fields.append(.init("digest.hour", "out_of_range", "An hour is a number from 0 to 23."))
        }
        if !LocalTime.isKnown(timeZone) {
            fields.append(.init("timeZone", "unknown", "A time zone is a name such as Europe/Berlin."))
        }
        if let quietHours, quietHours.from == quietHours.until {
            fields.append(.init("quietHours", "empty", "Quiet hours begin and end at different times."))
        }
        guard fields.isEmpty else { throw .invalid(fields) }
        return self
    }
}

/// What is done with one notification for one person.
package struct NotificationDelivery: Sendable, Equatable {
    package enum Mail: Sendable, Equatable {
        case instant(due: Timestamp)
        case digest(due: Timestamp)
    }

    package let isShown: Bool
    package let mail: Mail?

    package init(isShown: Bool, mail: Mail?) {
        self.isShown = isShown
        self.mail = mail
    }
}
