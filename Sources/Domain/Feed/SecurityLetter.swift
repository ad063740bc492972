package import Kernel

/// What somebody is told of the account itself, at once and whatever was chosen: whoever took the account over could
/// choose silence.
package enum SecurityLetter: String, Sendable, Codable, CaseIterable {
    case passwordChanged = "password_changed"
}

extension LetterText {
    package init(_ letter: SecurityLetter, at time: Timestamp, publicURL: String) {
        // Of 2026-01-02T03:04:05.678Z.
        let moment = time.description
        let words = "\(moment.prefix(10)) at \(moment.dropFirst(11).prefix(5)) UTC"
        switch letter {
        case .passwordChanged:
            self.init(
                subject: "Your password was changed",
                body: """
                    The password of your account was changed on \(words). Everywhere else you have been signed out.

                    If that was you, there is nothing to do.

                    If it was not, somebody else knows your password and can use your account. Tell an owner or admin of
                    your team at once: removing you from the team ends all sessions, and you can then be invited
                    anew. Change that password wherever else you use it.

                    Where you are signed in: \(publicURL)/#/settings

                    --
                    This letter comes whatever you have chosen to get by e-mail.

                    """)
        }
    }
}
