import Testing

@testable import InProcess

@Suite struct PartitionShareTests {
    @Test func `a member alone takes everything`() {
        let share = PartitionShare(of: "a", among: ["a"], holdings: holdings([nil, nil, nil]))
        #expect(share.taken == [0, 1, 2])
        #expect(share.kept.isEmpty)
    }

    @Test func `a member takes no more than its quota`() {
        let share = PartitionShare(of: "b", among: ["a", "b"], holdings: holdings(["a", nil, nil, nil]))
        #expect(share.taken == [1, 2])
    }

    @Test func `a member takes nothing from one that lives`() {
        let share = PartitionShare(of: "b", among: ["a", "b"], holdings: holdings(["a", "a", "a", "a"]))
        #expect(share.taken.isEmpty)
    }

    @Test func `idle surplus is given up, busy surplus only drained`() {
        let idle = PartitionShare(
            of: "a", among: ["a", "b"], holdings: holdings(["a", "a", "a", "a"], busy: [0, 1]))
        #expect(idle.released == [2, 3])
        #expect(idle.draining.isEmpty)
        #expect(idle.kept == [0, 1])
        let busy = PartitionShare(
            of: "a", among: ["a", "b"], holdings: holdings(["a", "a", "a", "a"], busy: [0, 1, 2]))
        #expect(busy.released == [3])
        #expect(busy.draining == [0])
        #expect(busy.kept == [1, 2])
    }

    @Test(arguments: [(1, 1), (8, 3), (8, 8), (3, 5), (16, 7)])
    func `from any start all partitions come to be held, about equally`(_ partitions: Int, _ count: Int) {
        let members = Set((0..<count).map { "member \($0)" })
        for _ in 0..<50 {
            var owners: [String?] = (0..<partitions).map { _ in
                Bool.random() ? "member \(Int.random(in: 0..<count))" : nil
            }
            for _ in 0..<3 {
                for member in members.shuffled() {
                    let share = PartitionShare(of: member, among: members, holdings: holdings(owners))
                    for partition in share.released { owners[partition] = nil }
                    for partition in share.taken { owners[partition] = member }
                }
            }
            let held = members.map { member in owners.count { $0 == member } }
            #expect(held.reduce(0, +) == partitions)
            #expect((held.max() ?? 0) - (held.min() ?? 0) <= 1)
        }
    }

    private func holdings(_ owners: [String?], busy: Set<Int> = []) -> [PartitionShare.Holding] {
        owners.enumerated().map {
            PartitionShare.Holding(partition: $0, owner: $1, isBusy: busy.contains($0))
        }
    }
}
