import Kernel

/// What a group has committed of a partition: where it stands, and what it knows of the event there.
///
/// The words go into the committed offset's metadata: `attempt=2;not-before=1700000000000`. On brokers that keep no
/// metadata, the *sign* is committed with it, as the offset of the same partition of the topic of tries.
struct OffsetMark: Sendable, Equatable {
    /// Of the next event to apply.
    var head: Int64
    /// Tries of that event that have begun.
    var tries = 0
    /// Nothing of the partition is handed out until then.
    var notBefore = Timestamp(milliseconds: 0)

    init(head: Int64, tries: Int = 0, notBefore: Timestamp = Timestamp(milliseconds: 0)) {
        self.head = head
        self.tries = tries
        self.notBefore = notBefore
    }

    init(head: Int64, words: String) {
        self.init(head: head)
        for pair in words.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = Int64(parts[1]), value >= 0 else { continue }
            switch parts[0] {
            case "attempt": tries = Int(value)
            case "not-before": notBefore = Timestamp(milliseconds: value)
            default: continue
            }
        }
    }

    /// The tries as an offset of the topic of tries; nil if they are of another head, and so unknown.
    init(head: Int64, sign: Int64) {
        self.init(head: head)
        if sign >> Self.triesBits == head { tries = Int(sign & (1 << Self.triesBits - 1)) }
    }

    /// What stands there for this mark.
    var sign: Int64 { head << Self.triesBits | Int64(min(tries, 1 << Self.triesBits - 1)) }

    private static let triesBits: Int64 = 12

    var words: String {
        notBefore.milliseconds > 0
            ? "attempt=\(tries);not-before=\(notBefore.milliseconds)" : "attempt=\(tries)"
    }
}
