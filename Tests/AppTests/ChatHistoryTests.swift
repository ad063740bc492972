import Testing

/// The checker of chats must itself find what it is there to find.
@Suite struct ChatHistoryTests {
    typealias Finding = ChatHistory.Finding

    /// Two clients and five messages, the last an answer to the first; all is well.
    static let sound: ChatHistory = {
        let entries = (1...5).map { number in
            ChatHistory.Entry(
                seq: Int64(number), id: "m\(number)", clientID: "c\(number)", parent: number == 5 ? "m1" : nil
            )
        }
        return ChatHistory(
            stored: entries, seen: ["ann": entries, "bob": Array(entries.dropFirst(2))],
            acknowledged: ["c1": 1, "c2": 2, "c3": 3, "c4": 4, "c5": 5],
            sent: ["ann": ["c1", "c3", "c5"], "bob": ["c2", "c4"]])
    }()

    struct Fault: Sendable, CustomStringConvertible {
        let description: String
        let finding: Finding
        let plant: @Sendable (inout ChatHistory) -> Void
    }

    static let faults: [Fault] = [
        Fault(description: "an acknowledged message is gone", finding: .lost(clientID: "c5")) {
            $0.stored.removeLast()
            $0.seen = [:]
        },
        Fault(description: "a message stands elsewhere than it was said", finding: .lost(clientID: "c2")) {
            $0.acknowledged["c2"] = 3
        },
        Fault(description: "a message is stored twice", finding: .doubled(clientID: "c5")) {
            $0.stored.append(.init(seq: 6, id: "m6", clientID: "c5", parent: "m1"))
            $0.seen = [:]
        },
        Fault(description: "the sequence has a hole", finding: .brokenSequence(4)) {
            $0.stored.remove(at: 2)
            $0.seen = [:]
            $0.acknowledged["c3"] = nil
        },
        Fault(description: "a number is given twice", finding: .brokenSequence(3)) {
            $0.stored.insert(.init(seq: 3, id: "m9", clientID: "c9"), at: 3)
        },
        Fault(description: "somebody gets an entry twice", finding: .seenTwice(client: "ann", 2)) {
            $0.seen["ann"]?.insert($0.stored[1], at: 3)
        },
        Fault(description: "somebody gets an entry too late", finding: .seenLate(client: "ann", 2)) {
            $0.seen["ann"]?.swapAt(1, 2)
        },
        Fault(description: "somebody misses an entry", finding: .missed(client: "bob", 4)) {
            $0.seen["bob"]?.remove(at: 1)
        },
        Fault(description: "somebody misses the last entry", finding: .missed(client: "bob", 5)) {
            $0.seen["bob"]?.removeLast()
        },
        Fault(description: "somebody sees what is not stored", finding: .differs(client: "bob", 4)) {
            $0.seen["bob"]?[1] = .init(seq: 4, id: "other", clientID: "c4")
        },
        Fault(description: "an answer comes before what it answers", finding: .parentBehind(2)) {
            $0.stored[1].parent = "m3"
            $0.seen = [:]
        },
        Fault(description: "an answer to nothing", finding: .parentBehind(2)) {
            $0.stored[1].parent = "m9"
            $0.seen = [:]
        },
        Fault(description: "a sender's messages change places", finding: .senderOrder(client: "ann", 1)) {
            $0.sent["ann"] = ["c3", "c1", "c5"]
        },
    ]

    @Test func whatIsSoundHasNoFinding() { #expect(Self.sound.findings == []) }

    @Test(arguments: faults) func eachPlantedFaultIsFound(fault: Fault) {
        var history = Self.sound
        fault.plant(&history)
        #expect(history.findings.contains(fault.finding), "\(history.findings)")
    }
}
