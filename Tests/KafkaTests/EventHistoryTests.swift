import Kernel
import Testing

/// The checker finds what is planted.
@Suite struct EventHistoryTests {
    private let events = (0..<20).map { Event.sample(key: "key \($0 % 3)", number: $0) }

    @Test func `a history in which all is applied once and in order has no fault`() {
        #expect(history(applied: events).faults.isEmpty)
        // Between keys there is no order.
        let byKey = events.sorted { ($0.key, $0.number) < ($1.key, $1.number) }
        #expect(history(applied: byKey).faults.isEmpty)
    }

    @Test func `a lost event is found`() {
        let applied = events.filter { $0.number != 7 }
        #expect(history(applied: applied).faults == [.lost(events[7].id)])
    }

    @Test func `a doubled effect is found`() {
        #expect(history(applied: events + [events[4]]).faults == [.appliedTwice(events[4].id)])
    }

    @Test func `an event applied behind a later one of its key is found`() {
        var applied = events
        applied.swapAt(3, 6)
        #expect(history(applied: applied).faults == [.outOfOrder(events[3].id)])
    }

    @Test func `an event that was never committed is found`() {
        let stranger = Event.sample(key: "key 1", number: 99)
        #expect(history(applied: events + [stranger]).faults == [.invented(stranger.id)])
    }

    private func history(applied: [Event]) -> EventHistory {
        var history = EventHistory()
        for event in events { history.commit(event) }
        for event in applied { history.apply(event) }
        return history
    }
}
