import Kernel
import Testing

/// What every `JobQueue` promises about adding, leasing and ending jobs.
@Suite struct JobQueueContract {
    private static let minute = Duration.seconds(60)

    @Test(arguments: JobQueueAdapter.all)
    func `a job is leased as it was added, to one worker only`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            let job = NewJob.sample("a", payload: "{\"size\":1}")
            #expect(try await stage.queue.enqueue(job))
            let leased = try #require(try await stage.claim())
            #expect(leased.kind == job.kind)
            #expect(leased.key == job.key)
            #expect(leased.tenant == job.tenant)
            #expect(leased.payload == job.payload)
            #expect(leased.checkpoint == nil)
            #expect(leased.attempt == 1)
            #expect(try await stage.claim() == nil)
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `many workers at once lease each job once`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            for number in 0..<40 { #expect(try await stage.queue.enqueue(.sample("\(number)"))) }
            let keys = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var keys: [String] = []
                        while let job = try await stage.claim() { keys.append(job.key) }
                        return keys
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(keys.count == 40)
            #expect(Set(keys).count == 40)
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a key is taken while its job is unfinished, waiting or running`(_ adapter: JobQueueAdapter)
        async throws
    {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a", payload: "1")))
            #expect(try await stage.queue.enqueue(.sample("a", payload: "2")) == false)
            let leased = try #require(try await stage.claim())
            #expect(leased.payload == Array("1".utf8))
            #expect(try await stage.queue.enqueue(.sample("a", payload: "3")) == false)
            #expect(try await stage.queue.enqueue(.sample("a", kind: "other")))
            #expect(try await stage.queue.finish(leased.lease, .done))
            #expect(try await stage.queue.enqueue(.sample("a", payload: "4")))
            #expect(try await stage.claim()?.payload == Array("4".utf8))
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `only jobs of the kinds asked for are leased`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage async throws in
            #expect(try await stage.queue.enqueue(.sample("a", kind: "one")))
            #expect(try await stage.queue.enqueue(.sample("b", kind: "two")))
            #expect(try await stage.claim(["three"]) == nil)
            #expect(try await stage.claim([]) == nil)
            #expect(try await stage.claim(["three", "two"])?.key == "b")
            #expect(try await stage.claim(["one", "two"])?.key == "a")
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a job is not leased before it is due`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a", notBefore: stage.now() + Self.minute)))
            #expect(try await stage.claim() == nil)
            try await stage.pass(Self.minute)
            #expect(try await stage.claim()?.key == "a")
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `the tenant with the fewest running comes first, and of one tenant the oldest`(
        _ adapter: JobQueueAdapter
    ) async throws {
        try await adapter.run { stage in
            let (big, middle, small) = (TenantID(), TenantID(), TenantID())
            for (tenant, name, count) in [(big, "big", 10), (middle, "middle", 3), (small, "small", 1)] {
                for number in 0..<count {
                    #expect(try await stage.queue.enqueue(.sample("\(name) \(number)", tenant: tenant)))
                    try await stage.pass(.milliseconds(1))
                }
            }
            var keys: [String] = []
            while let job = try await stage.claim() { keys.append(job.key) }
            #expect(
                keys == [
                    "big 0", "middle 0", "small 0", "big 1", "middle 1", "big 2", "middle 2",
                    "big 3", "big 4", "big 5", "big 6", "big 7", "big 8", "big 9",
                ])
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a tenant far behind the backlog of another is not kept waiting`(_ adapter: JobQueueAdapter)
        async throws
    {
        try await adapter.run { stage in
            let (big, small) = (TenantID(), TenantID())
            for number in 0..<100 {
                #expect(try await stage.queue.enqueue(.sample("big \(number)", tenant: big)))
                try await stage.pass(.milliseconds(1))
            }
            for number in 0..<2 {
                #expect(try await stage.queue.enqueue(.sample("small \(number)", tenant: small)))
                try await stage.pass(.milliseconds(1))
            }
            var keys: [String] = []
            for _ in 0..<5 { keys.append(try await stage.claim()?.key ?? "") }
            #expect(keys == ["big 0", "small 0", "big 1", "small 1", "big 2"])
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a job that failed may be tried again later, one attempt older`(_ adapter: JobQueueAdapter)
        async throws
    {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            let first = try #require(try await stage.claim())
            let signal = try await stage.queue.heartbeat(first.lease, extend: Self.minute, checkpoint: [1])
            #expect(signal == .goOn)
            #expect(try await stage.queue.finish(first.lease, .retry(after: Self.minute, reason: "busy")))
            #expect(try await stage.claim() == nil)
            try await stage.pass(Self.minute)
            let second = try #require(try await stage.claim())
            #expect(second.attempt == 2)
            #expect(second.checkpoint == [1])
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a job handed back is due at once and its attempt does not count`(
        _ adapter: JobQueueAdapter
    ) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            for _ in 0..<6 {
                let job = try #require(try await stage.claim())
                #expect(job.attempt == 1)
                #expect(try await stage.queue.finish(job.lease, .handBack))
            }
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a postponed job is due later and its attempt does not count`(_ adapter: JobQueueAdapter)
        async throws
    {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            for _ in 0..<6 {
                let job = try #require(try await stage.claim())
                #expect(job.attempt == 1)
                let outcome = JobOutcome.postpone(after: Self.minute, reason: "disk full")
                #expect(try await stage.queue.finish(job.lease, outcome))
                #expect(try await stage.claim() == nil)
                try await stage.pass(Self.minute)
            }
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a failed job is not leased again and frees its key`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            let job = try #require(try await stage.claim())
            #expect(try await stage.queue.finish(job.lease, .failed(reason: "no video stream")))
            try await stage.pass(.seconds(86_400))
            #expect(try await stage.claim() == nil)
            #expect(try await stage.queue.depth(of: job.kind).failed == 1)
            #expect(try await stage.queue.enqueue(.sample("a")))
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a job ends once`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            let job = try #require(try await stage.claim())
            #expect(try await stage.queue.finish(job.lease, .done))
            #expect(try await stage.queue.finish(job.lease, .retry(after: .zero, reason: "late")) == false)
            #expect(try await stage.claim() == nil)
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `the depth tells what waits, runs and failed, and what is due the longest`(
        _ adapter: JobQueueAdapter
    ) async throws {
        try await adapter.run { stage in
            #expect(
                try await stage.queue.depth(of: "sample")
                    == JobDepth(waiting: 0, running: 0, failed: 0, oldestDue: nil))
            let start = stage.now()
            for key in ["a", "b", "c"] {
                #expect(try await stage.queue.enqueue(.sample(key)))
                try await stage.pass(.seconds(1))
            }
            #expect(try await stage.queue.enqueue(.sample("other", kind: "other")))
            #expect(try await stage.queue.enqueue(.sample("later", notBefore: start + Self.minute * 10)))
            let failing = try #require(try await stage.claim())
            #expect(try await stage.queue.finish(failing.lease, .failed(reason: "so it is")))
            #expect(try await stage.claim()?.key == "b")
            #expect(
                try await stage.queue.depth(of: "sample")
                    == JobDepth(waiting: 2, running: 1, failed: 1, oldestDue: start + .seconds(2)))
        }
    }
}

extension JobQueueStage {
    func claim(_ kinds: [String] = ["sample"], lease: Duration = .seconds(60)) async throws -> LeasedJob? {
        try await queue.claim(kinds, worker: "worker", lease: lease)
    }
}

extension NewJob {
    static func sample(
        _ key: String, kind: String = "sample", tenant: TenantID = TenantID(), payload: String = "{}",
        notBefore: Timestamp? = nil
    ) -> NewJob {
        NewJob(kind: kind, key: key, tenant: tenant, payload: Array(payload.utf8), notBefore: notBefore)
    }
}
