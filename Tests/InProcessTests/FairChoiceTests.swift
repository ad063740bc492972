import Kernel
import Testing

@testable import InProcess

@Suite struct FairChoiceTests {
    private let a = TenantID()
    private let b = TenantID()
    private let c = TenantID()

    private func candidates(_ list: [(TenantID, Int64)]) -> [FairChoice.Candidate] {
        list.map { FairChoice.Candidate(job: JobID(), tenant: $0.0, dueAt: Timestamp(milliseconds: $0.1)) }
    }

    @Test func `the tenant with the fewest running comes first, and of one tenant the oldest`() {
        let jobs = candidates([(a, 1), (a, 2), (a, 3), (b, 4), (b, 5), (c, 6)])
        var choice = FairChoice(running: [c: 1])
        choice.add(jobs)
        let order = (0..<6).map { _ in choice.choose() }
        // a and b have none, then all have one, then the oldest of what is left.
        #expect(order == [0, 3, 1, 4, 5, 2].map { jobs[$0].job })
        #expect(choice.choose() == nil)
        #expect(choice.running == [a: 3, b: 2, c: 2])
    }

    @Test func `candidates that come later are put in their place, and twice counts once`() {
        let jobs = candidates([(a, 5), (b, 1), (b, 9)])
        var choice = FairChoice(running: [:])
        choice.add([jobs[0]])
        choice.add(jobs)
        #expect(choice.left.map(\.job) == [jobs[1], jobs[0], jobs[2]].map(\.job))
        _ = choice.choose()
        choice.add(jobs)
        #expect(choice.left.map(\.job) == [jobs[0], jobs[2]].map(\.job))
    }

    @Test func `whoever may have fewer running than all in view is to be looked for among the others`() {
        var choice = FairChoice(running: [a: 2, b: 1, c: 5])
        choice.add(candidates([(a, 1)]))
        #expect(choice.level == 2)
        #expect(Set(choice.tenantsAbove) == [a, c])
    }

    @Test func `what somebody else took does not count as running`() {
        let jobs = candidates([(a, 1), (a, 2), (b, 3)])
        var choice = FairChoice(running: [a: 1], view: jobs)
        #expect((0..<3).map { _ in choice.choose() } == [2, 0, 1].map { jobs[$0].job })
        choice.settle(leased: [jobs[0].job])
        #expect(choice.running == [a: 2])
        #expect(choice.chosen.isEmpty)
    }
}
