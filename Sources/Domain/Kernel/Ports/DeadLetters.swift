/// Events that a group could not apply, kept with the reason until somebody decides.
package protocol DeadLetters: Sendable {
    /// Keeps `letter`; one that is there already (same group and event) gets the new reason.
    func bury(_ letter: DeadLetter) async throws

    /// Newest first.
    func list(_ page: PageRequest) async throws -> Page<DeadLetter>

    /// Nil if there is none.
    func letter(_ id: UUIDv7) async throws -> DeadLetter?

    /// Removes the letter; true if it was there. Called when its event has been applied.
    func remove(_ id: UUIDv7) async throws -> Bool

    /// Marks a letter to be handed to its group again; false if it is not there.
    func requestReplay(_ id: UUIDv7) async throws -> Bool

    /// Letters of `group` whose replay was asked for, oldest first.
    func replayable(group: String, limit: Int) async throws -> [DeadLetter]
}

package struct DeadLetter: Sendable, Equatable {
    package let id: UUIDv7
    package let group: String
    package let event: Event
    package let reason: String
    package let attempts: Int
    package let failedAt: Timestamp
    package let replayRequested: Bool

    package init(
        id: UUIDv7 = UUIDv7(), group: String, event: Event, reason: String, attempts: Int,
        failedAt: Timestamp,
        replayRequested: Bool = false
    ) {
        self.id = id
        self.group = group
        self.event = event
        self.reason = reason
        self.attempts = attempts
        self.failedAt = failedAt
        self.replayRequested = replayRequested
    }
}
