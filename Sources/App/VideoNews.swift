import Identity
import Kernel
import Videos

extension VideoReactions {
    /// What this context tells itself, and what others tell that concerns it.
    func react(to event: Event) async throws {
        if event.type == UserRemoved.type {
            try await userRemoved(event.payload(UserRemoved.self).user, in: event.tenant)
        } else {
            try await apply(event)
        }
    }
}
