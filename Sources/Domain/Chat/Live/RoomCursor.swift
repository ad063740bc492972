/// How far one connection has come in one room. What is delivered goes up by one, always: no loss, no double, no
/// disorder can pass.
package struct RoomCursor: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// The room is being opened; then entries behind `after` follow, or from now on where it is nil.
        case joining(after: Int64?)
        /// Opened, while other rooms of the same hello are not.
        case held(after: Int64?, last: Int64)
        /// Older entries are being read; live ones pass by and are read too.
        case catchingUp
        case live
    }

    package enum Offer: Sendable, Equatable {
        case deliver, skip
        /// Something is missing before it.
        case fetch(after: Int64)
    }

    /// Tells answers to this joining from those to an earlier one.
    let ticket: Int
    var state: State
    var delivered: Int64 = 0
    var typedAt: Duration?

    init(ticket: Int, after: Int64?) {
        self.ticket = ticket
        state = .joining(after: after)
    }

    /// An entry passes by.
    mutating func offer(_ seq: Int64) -> Offer {
        guard state == .live, seq > delivered else { return .skip }
        guard seq == delivered + 1 else {
            state = .catchingUp
            return .fetch(after: delivered)
        }
        delivered = seq
        return .deliver
    }

    /// Entries that follow each other pass by. True if all of them are delivered; else nothing has changed, and each has
    /// to be offered by itself.
    mutating func offer(_ seqs: ClosedRange<Int64>) -> Bool {
        guard state == .live, seqs.lowerBound == delivered + 1 else { return false }
        delivered = seqs.upperBound
        return true
    }
}
