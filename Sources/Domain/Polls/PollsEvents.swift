package import Kernel

package struct PollCreated: EventPayload, Equatable {
    package static let type = "poll.created"
    package static let version = 1
    package let poll: PollID
    package let room: PlaceID
    package let by: UserID
}

/// Somebody chose an option, perhaps in place of another.
package struct PollVoted: EventPayload, Equatable {
    package static let type = "poll.voted"
    package static let version = 1
    package let poll: PollID
    package let room: PlaceID
    package let by: UserID
    package let option: Int
}

package struct PollClosed: EventPayload, Equatable {
    package static let type = "poll.closed"
    package static let version = 1
    package let poll: PollID
    package let room: PlaceID
    package let by: UserID
}
