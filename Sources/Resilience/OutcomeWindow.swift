/// Calls and failures of the last `span`, in ten slots that are reused.
struct OutcomeWindow: Sendable {
    private static let slotCount: Int64 = 10

    private struct Slot {
        var number: Int64 = -1
        var calls = 0
        var failures = 0
    }

    private let slotSpan: Duration
    private var origin: ContinuousClock.Instant?
    private var slots = [Slot](repeating: Slot(), count: Int(slotCount))

    init(span: Duration) { slotSpan = max(.milliseconds(1), span / Int(Self.slotCount)) }

    mutating func add(failed: Bool, at now: ContinuousClock.Instant) {
        let number = slotNumber(at: now)
        let index = Int(number % Self.slotCount)
        if slots[index].number != number { slots[index] = Slot(number: number) }
        slots[index].calls += 1
        if failed { slots[index].failures += 1 }
    }

    mutating func sums(at now: ContinuousClock.Instant) -> (calls: Int, failures: Int) {
        let oldest = slotNumber(at: now) - Self.slotCount
        return slots.reduce(into: (calls: 0, failures: 0)) { sums, slot in
            guard slot.number > oldest else { return }
            sums.calls += slot.calls
            sums.failures += slot.failures
        }
    }

    mutating func clear() {
        for index in slots.indices { slots[index] = Slot() }
    }

    private mutating func slotNumber(at now: ContinuousClock.Instant) -> Int64 {
        let start = origin ?? now
        origin = start
        return max(0, Int64((now - start) / slotSpan))
    }
}
