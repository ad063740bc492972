import Kernel

/// What somebody wants to be entered in a room.
struct RoomChange: Sendable {
    enum Kind: Sendable {
        case send(MessageDraft)
        case edit(MessageID, body: String)
        case delete(MessageID)
    }

    let caller: Caller
    let kind: Kind
}

/// What became of a change.
enum RoomVerdict: Sendable, Codable {
    /// The message as the change's entry tells it; not new where the change had been made before.
    case entered(Message, isNew: Bool)
    case refused(Refusal)

    /// A failure as it can be stored.
    struct Refusal: Sendable, Codable {
        let kind: String
        let code: String
        let detail: String

        init(_ failure: Failure) {
            kind = failure.kind.rawValue
            code = failure.code
            detail = failure.detail
        }

        var failure: Failure { Failure(Failure.Kind(rawValue: kind) ?? .internal, code, detail) }
    }

    static func refused(_ failure: Failure) -> RoomVerdict { .refused(Refusal(failure)) }

    /// Throws where it was refused.
    func message() throws(Failure) -> (message: Message, isNew: Bool) {
        switch self {
        case .entered(let message, let isNew): (message, isNew)
        case .refused(let refusal): throw refusal.failure
        }
    }
}
