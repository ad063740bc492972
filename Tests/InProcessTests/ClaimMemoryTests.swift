import Kernel
import Testing

@testable import InProcess

@Suite struct ClaimMemoryTests {
    private let a = TenantID()
    private let b = TenantID()
    private let start = Timestamp(milliseconds: 1_000_000)

    private func candidate(_ tenant: TenantID, _ dueAt: Int64) -> FairChoice.Candidate {
        FairChoice.Candidate(job: JobID(), tenant: tenant, dueAt: Timestamp(milliseconds: dueAt))
    }

    /// As after a look that found `jobs`, with more behind `window`.
    private func memory(_ jobs: [FairChoice.Candidate], window: Int64? = nil) -> ClaimMemory {
        var memory = ClaimMemory(interval: .seconds(1))
        memory.looked(.sweep, at: start, running: [a: 1], took: .zero)
        memory.filled(.init(jobs: jobs, window: window.map { Timestamp(milliseconds: $0) }))
        memory.claimed(FairChoice(running: [a: 1], view: memory.view), at: start)
        return memory
    }

    @Test func `a look is due after the interval, a sweep seldom, and either the seldomer the dearer it is`()
    {
        var memory = ClaimMemory(interval: .seconds(1))
        #expect(memory.lookDue(at: start) == .sweep)
        memory.looked(.sweep, at: start, running: [:], took: .zero)
        #expect(memory.lookDue(at: start + .milliseconds(999)) == nil)
        #expect(memory.lookDue(at: start + .seconds(1)) == .near)
        #expect(memory.lookDue(at: start + .seconds(60)) == .sweep)
        memory.looked(.near, at: start + .seconds(1), running: [:], took: .milliseconds(500))
        #expect(memory.lookDue(at: start + .seconds(10)) == nil)
        #expect(memory.lookDue(at: start + .seconds(11)) == .near)
        memory.looked(.sweep, at: start + .seconds(60), running: [:], took: .seconds(10))
        // What took so long may only have been held up: looks go on soon.
        #expect(memory.lookDue(at: start + .milliseconds(74_999)) == nil)
        #expect(memory.lookDue(at: start + .seconds(75)) == .near)
        #expect(memory.lookDue(at: start + .seconds(259)) == .near)
        #expect(memory.lookDue(at: start + .seconds(260)) == .sweep)
        // A clock that was set back.
        #expect(memory.lookDue(at: start) != nil)
    }

    @Test func `a near look begins shortly before what was found last, a sweep at all there is`() {
        let memory = memory([candidate(a, 900_000), candidate(b, 900_001)])
        #expect(memory.start(of: .sweep).jobs.milliseconds == .min)
        #expect(memory.start(of: .sweep).leases.milliseconds == .min)
        #expect(memory.start(of: .near).jobs == Timestamp(milliseconds: 900_000) - ClaimMemory.slack)
        #expect(memory.start(of: .near).leases == start - ClaimMemory.slack)
    }

    @Test func `claims begin at the oldest that is left or where the view ends, whichever is earlier`() {
        let jobs = [candidate(a, 500), candidate(a, 600), candidate(b, 900)]
        var memory = memory(jobs, window: 600)
        #expect(memory.from == Timestamp(milliseconds: 500))
        var choice = FairChoice(running: [:], view: jobs)
        #expect(!memory.isExhausted(choice, isFresh: false))
        for _ in 0..<2 { _ = choice.choose() }
        #expect(choice.left == [jobs[1]])
        memory.claimed(choice, at: start)
        #expect(memory.from == Timestamp(milliseconds: 600))
        // The last one left lies behind the window, where older ones may wait.
        choice = FairChoice(running: [:], view: [jobs[2]])
        #expect(memory.isExhausted(choice, isFresh: true))
        memory.claimed(choice, at: start)
        #expect(memory.from == Timestamp(milliseconds: 600))
    }

    @Test func `a new job is put into a view of all, and into another only where it is older than its end`() {
        var whole = memory([candidate(a, 500)])
        let jobs = [candidate(b, 700), candidate(b, 600), candidate(b, 400)]
        for job in jobs { whole.added(job, at: start) }
        #expect(whole.view.map(\.dueAt.milliseconds) == [400, 500, 600, 700])
        #expect(whole.from == Timestamp(milliseconds: 400))
        whole.added(candidate(b, 1_000_001), at: start)
        #expect(whole.view.count == 4)

        var part = memory([candidate(a, 500), candidate(a, 600)], window: 600)
        for job in jobs { part.added(job, at: start) }
        #expect(part.view.map(\.dueAt.milliseconds) == [400, 500, 600])
    }

    @Test func `a view of all has a bound`() {
        var memory = memory([])
        for dueAt in 0..<(2 * Int64(ClaimMemory.maximumView)) { memory.added(candidate(a, dueAt), at: start) }
        #expect(memory.view.count == ClaimMemory.maximumView)
        #expect(memory.window == memory.view.last?.dueAt)
    }

    @Test func `what is known of other tenants ends with a new job of one of them`() {
        var memory = memory([candidate(a, 500)], window: 500)
        memory.others = .init(excluded: [a], from: nil)
        memory.added(candidate(a, 700), at: start)
        #expect(memory.others?.from == nil)
        memory.added(candidate(b, 800), at: start)
        #expect(memory.others?.from == Timestamp(milliseconds: 800))
        memory.added(candidate(b, 700), at: start)
        #expect(memory.others?.from == Timestamp(milliseconds: 700))
    }

    @Test func `ended jobs do not run, and others of their tenant do`() {
        var memory = memory([])
        memory.claimed(FairChoice(running: [a: 2, b: 1]), at: start)
        for tenant in [a, b, b] { memory.ended(tenant) }
        #expect(memory.running == [a: 1])
    }

    @Test func `claims that went past the view are followed by a look`() {
        var memory = memory([candidate(a, 500)], window: 500)
        memory.doubt()
        memory.claimed(FairChoice(running: [:]), at: start)
        #expect(memory.from == Timestamp(milliseconds: 500))
        #expect(memory.lookDue(at: start) == .near)
    }

    @Test func `without an interval every claim sweeps`() {
        var memory = ClaimMemory(interval: .zero)
        memory.looked(.sweep, at: start, running: [:], took: .zero)
        #expect(memory.lookDue(at: start) == .sweep)
    }
}
