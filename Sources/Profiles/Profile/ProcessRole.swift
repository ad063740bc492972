/// What a process of the one binary does; it may do several things.
package enum ProcessRole: String, Sendable, CaseIterable {
    case api, chat, worker, projector, scheduler, relay, gateway, scaler
}

extension ProcessRole: ProfileValue {}
