import InProcess
import Kernel
import Relational
import TestDatabase
import Testing

@Suite struct TableJobQueueTests {
    @Test func `workers of this process are woken when a job becomes due`() async throws {
        try await TestDatabase.with { file async throws in
            let queue = TableJobQueue(database: file.database())
            let start = queue.wakeup.generation
            #expect(try await queue.enqueue(job("a")))
            #expect(queue.wakeup.generation == start + 1)
            #expect(try await queue.enqueue(job("a")) == false)
            #expect(queue.wakeup.generation == start + 1)
            let leased = try #require(try await queue.claim(["sample"], worker: "w", lease: .seconds(60)))
            #expect(try await queue.finish(leased.lease, .handBack))
            #expect(queue.wakeup.generation == start + 2)
        }
    }

    @Test func `ended jobs are removed after a while, others never`() async throws {
        try await TestDatabase.with { file async throws in
            let clock = ManualClock()
            let queue = TableJobQueue(database: file.database { clock.now }, now: { clock.now })
            for key in ["a", "b", "c", "d"] { #expect(try await queue.enqueue(job(key))) }
            for outcome in [JobOutcome.done, .failed(reason: "so it is")] {
                let leased = try #require(try await queue.claim(["sample"], worker: "w", lease: .seconds(60)))
                #expect(try await queue.finish(leased.lease, outcome))
            }
            _ = try await queue.claim(["sample"], worker: "w", lease: .seconds(3600))
            #expect(try await queue.removeFinished(before: clock.now) == 0)
            clock.advance(by: .seconds(60))
            #expect(try await queue.removeFinished(before: clock.now) == 2)
            let depth = try await queue.depth(of: "sample")
            #expect(depth.waiting == 1)
            #expect(depth.running == 1)
            #expect(depth.failed == 0)
        }
    }

    private func job(_ key: String, tenant: TenantID = TenantID()) -> NewJob {
        NewJob(kind: "sample", key: key, tenant: tenant, payload: [])
    }
}
