/// Hands letters to whoever delivers them.
package protocol MailSender: Sendable {
    /// Returns once the next station has taken the letter over; then it is that one's to deliver. `mail_refused` if it
    /// never will take it, any other failure may pass. The same `id` again may be delivered twice. Bounded in time, and
    /// ends soon when its task is cancelled.
    func send(_ letter: Letter) async throws
}

/// One e-mail to one person, in plain text.
package struct Letter: Sendable, Equatable {
    /// Unique; becomes the `Message-ID`, so that receivers can drop a second copy.
    package let id: UUIDv7
    package let to: String
    package let subject: String
    package let body: String

    package init(id: UUIDv7, to: String, subject: String, body: String) {
        self.id = id
        self.to = to
        self.subject = subject
        self.body = body
    }
}
