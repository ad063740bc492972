/// Whether it pays to look for an answer for a moment instead of going to sleep until it wakes somebody.
///
/// It does where a server answers sooner than a thread is woken; where processors are busy, whoever looks keeps the
/// server from answering. So looks in vain soon make looks rare, and only many answers seen in a row undo that.
package struct AnswerWatch: Sendable {
    private static let longestPause = 10
    private static let row = 32

    /// Looks in vain, as the power of two of the calls in which nobody looks after the next of them.
    private var vain = 0
    private var seenInRow = 0
    private var pause = 0

    package init() {}

    /// Asked once for each call that could look.
    package mutating func looks() -> Bool {
        guard pause > 0 else { return true }
        pause -= 1
        return false
    }

    package mutating func note(seen: Bool) {
        guard seen else {
            seenInRow = 0
            vain = min(vain + 1, Self.longestPause)
            pause = 1 << vain
            return
        }
        seenInRow += 1
        guard seenInRow == Self.row else { return }
        seenInRow = 0
        vain /= 2
    }
}
