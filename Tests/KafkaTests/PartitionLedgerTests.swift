import Kernel
import Testing

@testable import Kafka

@Suite struct PartitionLedgerTests {
    private let now = Timestamp(milliseconds: 1_000_000)

    @Test func `nothing is handed out until the group's mark is known`() {
        var ledger = fetched(3)
        #expect(ledger.isReady(at: now))
        #expect(ledger.handOut(limit: 9, at: now).isEmpty)
        ledger.open(nil)
        #expect(numbers(ledger.handOut(limit: 9, at: now)) == [0, 1, 2])
        #expect(!ledger.isReady(at: now))
    }

    @Test func `the try of the head is in the mark as soon as it is handed out`() {
        var ledger = fetched(3)
        ledger.open(nil)
        _ = ledger.handOut(limit: 2, at: now)
        #expect(ledger.mark == OffsetMark(head: 0, tries: 1))
        ledger.commit(0)
        #expect(ledger.mark == OffsetMark(head: 1, tries: 1))
        ledger.commit(1)
        #expect(ledger.mark == OffsetMark(head: 2, tries: 0))
        #expect(!ledger.isBusy)
    }

    @Test func `an event that was tried before comes alone, and older`() {
        var ledger = fetched(3)
        ledger.open(OffsetMark(head: 0, tries: 2))
        let first = ledger.handOut(limit: 9, at: now)
        #expect(first.map(\.attempt) == [3])
        #expect(numbers(ledger.handOut(limit: 9, at: now)) == [1, 2])
    }

    @Test func `an event sent back waits, comes again older, and takes all behind it along`() {
        var ledger = fetched(4)
        ledger.open(nil)
        _ = ledger.handOut(limit: 3, at: now)
        ledger.sendBack(1, notBefore: now + .seconds(5))
        #expect(ledger.mark == OffsetMark(head: 0, tries: 1, notBefore: now + .seconds(5)))
        #expect(ledger.handOut(limit: 9, at: now).isEmpty)
        let again = ledger.handOut(limit: 9, at: now + .seconds(5))
        #expect(numbers(again) == [1])
        #expect(again.map(\.attempt) == [2])
        ledger.commit(0)
        #expect(ledger.mark?.tries == 2)
        #expect(numbers(ledger.handOut(limit: 9, at: now + .seconds(5))) == [2, 3])
    }

    @Test func `what is committed is neither committed nor sent back again`() {
        var ledger = fetched(3)
        ledger.open(nil)
        _ = ledger.handOut(limit: 3, at: now)
        ledger.commit(1)
        let before = ledger
        ledger.commit(0)
        ledger.sendBack(1, notBefore: now)
        #expect(ledger == before)
    }

    @Test func `gaps between positions change nothing`() {
        var ledger = PartitionLedger(partition: 0)
        for position in [10, 17, 18] as [Int64] {
            ledger.fetched(LoggedEvent(position: position, event: .sample(key: "k", number: Int(position))))
        }
        ledger.open(OffsetMark(head: 5, tries: 1))
        let first = ledger.handOut(limit: 9, at: now)
        #expect(first.map(\.position) == [10])
        #expect(ledger.mark == OffsetMark(head: 10, tries: 2))
        ledger.commit(10)
        #expect(ledger.mark == OffsetMark(head: 11, tries: 0))
        #expect(ledger.handOut(limit: 9, at: now).map(\.position) == [17, 18])
    }

    @Test func `an event that comes twice or late is fetched once`() {
        var ledger = fetched(3)
        ledger.fetched(LoggedEvent(position: 1, event: .sample(key: "k", number: 1)))
        #expect(ledger.events.map(\.position) == [0, 1, 2])
    }

    private func fetched(_ count: Int) -> PartitionLedger {
        var ledger = PartitionLedger(partition: 0)
        for number in 0..<count {
            ledger.fetched(LoggedEvent(position: Int64(number), event: .sample(key: "k", number: number)))
        }
        return ledger
    }

    private func numbers(_ deliveries: [Delivery]) -> [Int] { deliveries.map(\.event.number) }
}
