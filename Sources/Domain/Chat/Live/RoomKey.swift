package import Kernel

/// A room and whose it is, so that no room of one tenant ever passes for another's.
package struct RoomKey: Hashable, Sendable {
    package let tenant: TenantID
    package let room: RoomID

    package init(tenant: TenantID, room: RoomID) {
        self.tenant = tenant
        self.room = room
    }
}

/// Who holds a live connection.
package struct ChatIdentity: Sendable, Equatable {
    package var caller: Caller
    /// The log-in behind it; when that ends, so does the connection.
    package let session: UUIDv7

    package init(caller: Caller, session: UUIDv7) {
        self.caller = caller
        self.session = session
    }
}

/// Why a live connection ends; the numbers are those of WebSocket's close frames.
package enum CloseReason: Sendable, Equatable {
    case normal, goingAway, protocolError, binary, badText, tooLarge, draining, tooSlow, unavailable
    case malformed(String), unauthenticated(String), forbidden, idle, flood

    package var code: UInt16 {
        switch self {
        case .normal: 1000
        case .goingAway: 1001
        case .protocolError: 1002
        case .binary: 1003
        case .badText: 1007
        case .tooLarge: 1009
        case .draining: 1012
        case .tooSlow, .unavailable: 1013
        case .malformed: 4400
        case .unauthenticated: 4401
        case .forbidden: 4403
        case .idle: 4408
        case .flood: 4429
        }
    }

    /// In the close frame, for whoever debugs a client; at most 123 bytes.
    package var text: String {
        switch self {
        case .normal, .goingAway, .protocolError: ""
        case .binary: "text frames only"
        case .badText: "not UTF-8"
        case .tooLarge: "too large"
        case .draining: "draining"
        case .tooSlow: "too slow"
        case .unavailable: "try again later"
        case .malformed(let what): String(what.prefix(100))
        case .unauthenticated(let code): code
        case .forbidden: "forbidden"
        case .idle: "idle"
        case .flood: "too many frames"
        }
    }
}
