import Testing

@testable import Postgres

@Suite struct ReplicaMarkTests {
    @Test func `a primary's answer is read`() {
        let mark = ReplicaMark(["f", "16/B374D848", nil, "727:730:727,729", "3"])
        #expect(
            mark
                == ReplicaMark(
                    isReplica: false, position: 0x16_B374_D848,
                    snapshot: ReplicaSnapshot(end: 730, running: [727, 729]), timeline: 3))
        #expect(mark?.seen == 0x16_B374_D848)
    }

    @Test func `a replica shows a commit before it counts it as replayed, so what it has received bounds it`()
    {
        #expect(ReplicaMark(["t", "0/100", "0/180", "5:5:"])?.seen == 0x180)
        #expect(ReplicaMark(["t", "0/100", "0/100", "5:5:"])?.seen == 0x100)
        // Not streamed, or streamed less than it has read from files: at most one record more.
        #expect(ReplicaMark(["t", "0/100", nil, "5:5:"])?.seen == 0x100 + 65_536)
        #expect(ReplicaMark(["t", "0/2000100", "0/2000000", "5:5:"])?.seen == 0x200_0100 + 65_536)
    }

    @Test(
        arguments: [
            [], ["f"], ["f", nil, nil, "1:1:"], ["f", "0/1", nil, nil], ["f", "01", nil, "1:1:"],
            ["f", "0/1/2", nil, "1:1:"], ["f", "0/123456789", nil, "1:1:"], ["f", "0/1", nil, "1:1"],
            ["f", "0/1", nil, "1:x:"], ["f", "0/1", nil, "1:2:x"],
        ] as [[String?]])
    func `another answer is none`(columns: [String?]) { #expect(ReplicaMark(columns) == nil) }

    @Test func `a primary is behind its replicas while it hides what they show`() {
        let snapshot = ReplicaSnapshot(end: 100, running: [90, 95])
        #expect(!snapshot.isBehind(0) && !snapshot.isBehind(90))
        #expect(snapshot.isBehind(91) && snapshot.isBehind(100))
        #expect(snapshot.isBehind(101))
        // Of a lost history, or made up.
        #expect(!ReplicaSnapshot(end: 100).isBehind(1_000_000))
    }
}
