import Kernel

/// Why a letter was not taken over.
package struct SMTPFailure: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Never will be.
        case refused
        /// Not now.
        case deferred
        /// The server cannot be used as the profile says: no letter is at fault.
        case unusable
        case lost, late
    }

    package let kind: Kind
    package let reason: String
    /// False if the server cannot know anything of the letter: it may be sent at once by another connection.
    package let wasBegun: Bool

    init(_ kind: Kind, _ reason: String, wasBegun: Bool = true) {
        self.kind = kind
        self.reason = reason
        self.wasBegun = wasBegun
    }

    var failure: Failure {
        switch kind {
        case .refused: Failure(.invalid, "mail_refused", "The mail server refuses it: \(reason)")
        case .deferred: Failure(.unavailable, "mail_deferred", "The mail server says later: \(reason)")
        case .unusable: Failure(.unavailable, "mail_unusable", "The mail server cannot be used: \(reason)")
        case .lost: Failure(.unavailable, "unavailable", "The mail server cannot be reached: \(reason)")
        case .late: Failure(.timeout, "timeout", "The mail server takes too long: \(reason)")
        }
    }
}
