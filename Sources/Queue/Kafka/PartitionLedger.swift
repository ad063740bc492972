import Kernel

/// What a member knows of a partition that it holds: what is committed, what is in hand, and what was fetched ahead.
struct PartitionLedger: Sendable, Equatable {
    let partition: Int
    /// Nil until it was read from the group, before which nothing is handed out.
    private(set) var mark: OffsetMark?
    /// In order; from the oldest event that is not committed.
    private(set) var events: [LoggedEvent] = []
    /// Of `events`, how many are in hand.
    private(set) var inHand = 0
    /// Of the events in hand, and of one that was sent back, by position.
    private var tries: [Int64: Int] = [:]

    init(partition: Int) { self.partition = partition }

    var isBusy: Bool { inHand > 0 }

    /// Whether something can be handed out at `now`, if the mark allows it, which may not be read yet.
    func isReady(at now: Timestamp) -> Bool {
        inHand < events.count && (mark.map { $0.notBefore <= now } ?? true)
    }

    /// What the group has committed; nil where it has committed nothing yet.
    mutating func open(_ mark: OffsetMark?) {
        self.mark = mark ?? OffsetMark(head: events.first?.position ?? 0)
    }

    mutating func fetched(_ event: LoggedEvent) {
        guard event.position > events.last?.position ?? -1 else { return }
        events.append(event)
    }

    /// The next events; the try of the head is counted in the mark, which is to be committed before anybody sees it.
    ///
    /// An event that was tried before comes alone: if it kills the process again, no other is blamed for it.
    mutating func handOut(limit: Int, at now: Timestamp) -> [Delivery] {
        guard limit > 0, var mark, isReady(at: now) else { return [] }
        let first = events[inHand].position
        let begun = isBusy ? tries[first] ?? 0 : mark.tries
        if !isBusy {
            mark = OffsetMark(head: max(mark.head, first), tries: begun + 1)
            self.mark = mark
        }
        let next = events[inHand..<min(events.count, inHand + (begun > 0 ? 1 : limit))]
        inHand += next.count
        return next.map { logged in
            let attempt = logged.position == first ? begun + 1 : 1
            tries[logged.position] = attempt
            return Delivery(
                event: logged.event, partition: partition, position: logged.position, attempt: attempt)
        }
    }

    /// The effects up to and including `position` are durable.
    mutating func commit(_ position: Int64) {
        guard let mark, position >= mark.head else { return }
        let done = events.prefix { $0.position <= position }.count
        events.removeFirst(done)
        inHand = max(0, inHand - done)
        tries = tries.filter { $0.key > position }
        // The next head may be in hand already, and its try must count even if it kills this process.
        let begun = tries.min { $0.key < $1.key }?.value ?? 0
        self.mark = OffsetMark(head: position + 1, tries: begun, notBefore: mark.notBefore)
    }

    /// The event at `position` and all behind it come again, not before `moment`; nothing changes if it is committed.
    mutating func sendBack(_ position: Int64, notBefore moment: Timestamp) {
        guard var mark, position >= mark.head else { return }
        tries = tries.filter { $0.key <= position }
        inHand = min(inHand, events.prefix { $0.position < position }.count)
        mark.notBefore = moment
        self.mark = mark
    }
}
