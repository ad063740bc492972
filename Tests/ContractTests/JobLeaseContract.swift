import Kernel
import Testing

/// What every `JobQueue` promises about leases that lapse and jobs that are cancelled.
@Suite struct JobLeaseContract {
    private static let lease = Duration.seconds(60)

    @Test(arguments: JobQueueAdapter.all)
    func `a lapsed lease makes the job due with its last checkpoint, one attempt older`(
        _ adapter: JobQueueAdapter
    ) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            let first = try #require(try await stage.claim(lease: Self.lease))
            for checkpoint in [[1], [2, 3]] as [[UInt8]] {
                let signal = try await stage.queue.heartbeat(
                    first.lease, extend: Self.lease, checkpoint: checkpoint)
                #expect(signal == .goOn)
            }
            #expect(
                try await stage.queue.heartbeat(first.lease, extend: Self.lease, checkpoint: nil) == .goOn)
            try await stage.pass(Self.lease)
            let second = try #require(try await stage.claim(lease: Self.lease))
            #expect(second.lease.job == first.lease.job)
            #expect(second.lease != first.lease)
            #expect(second.checkpoint == [2, 3])
            #expect(second.attempt == 2)
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a heartbeat extends the lease`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            let job = try #require(try await stage.claim(lease: Self.lease))
            for _ in 0..<5 {
                try await stage.pass(Self.lease * 0.75)
                #expect(
                    try await stage.queue.heartbeat(job.lease, extend: Self.lease, checkpoint: nil) == .goOn)
                #expect(try await stage.claim() == nil)
            }
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a newer lease voids the older one`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            let old = try #require(try await stage.claim(lease: Self.lease))
            try await stage.pass(Self.lease)
            let new = try #require(try await stage.claim(lease: Self.lease))
            #expect(
                try await stage.queue.heartbeat(old.lease, extend: Self.lease, checkpoint: [9]) == .leaseLost)
            #expect(try await stage.queue.finish(old.lease, .done) == false)
            #expect(try await stage.queue.finish(old.lease, .failed(reason: "late")) == false)
            #expect(try await stage.queue.heartbeat(new.lease, extend: Self.lease, checkpoint: nil) == .goOn)
            #expect(try await stage.queue.finish(new.lease, .handBack))
            #expect(try await stage.claim()?.checkpoint == nil)
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a heartbeat of an unknown or finished job finds its lease lost`(_ adapter: JobQueueAdapter)
        async throws
    {
        try await adapter.run { stage in
            let unknown = JobLease(job: JobID(), token: 1)
            #expect(
                try await stage.queue.heartbeat(unknown, extend: Self.lease, checkpoint: nil) == .leaseLost)
            #expect(try await stage.queue.enqueue(.sample("a")))
            let job = try #require(try await stage.claim())
            #expect(try await stage.queue.finish(job.lease, .done))
            #expect(
                try await stage.queue.heartbeat(job.lease, extend: Self.lease, checkpoint: nil) == .leaseLost)
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a job whose workers keep dying comes again, one attempt older`(_ adapter: JobQueueAdapter)
        async throws
    {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            for attempt in 1...12 {
                #expect(try await stage.claim(lease: Self.lease)?.attempt == attempt)
                try await stage.pass(Self.lease)
            }
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a checkpoint starts the count of attempts anew`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            _ = try await stage.claim(lease: Self.lease)
            try await stage.pass(Self.lease)
            let second = try #require(try await stage.claim(lease: Self.lease))
            #expect(second.attempt == 2)
            #expect(
                try await stage.queue.heartbeat(second.lease, extend: Self.lease, checkpoint: [1]) == .goOn)
            try await stage.pass(Self.lease)
            let third = try #require(try await stage.claim(lease: Self.lease))
            #expect(third.attempt == 2)
            #expect(third.checkpoint == [1])
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a job whose lease lapsed counts as waiting`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            let due = stage.now()
            #expect(try await stage.queue.enqueue(.sample("a")))
            _ = try await stage.claim(lease: Self.lease)
            try await stage.pass(Self.lease)
            let depth = try await stage.queue.depth(of: "sample")
            #expect(depth == JobDepth(waiting: 1, running: 0, failed: 0, oldestDue: due))
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `cancelling removes a waiting job`(_ adapter: JobQueueAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            #expect(try await stage.queue.enqueue(.sample("b")))
            try await stage.queue.cancel(kind: "sample", key: "a")
            try await stage.queue.cancel(kind: "sample", key: "unknown")
            try await stage.queue.cancel(kind: "unknown", key: "b")
            #expect(try await stage.claim()?.key == "b")
            #expect(try await stage.claim() == nil)
            #expect(try await stage.queue.enqueue(.sample("a")))
        }
    }

    @Test(
        arguments: JobQueueAdapter.all,
        [JobOutcome.retry(after: .zero, reason: "stopped"), .handBack, .failed(reason: "stopped")])
    func `cancelling tells a running job at its next heartbeat, and it does not come again`(
        _ adapter: JobQueueAdapter, _ outcome: JobOutcome
    ) async throws {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            let job = try #require(try await stage.claim())
            try await stage.queue.cancel(kind: "sample", key: "a")
            #expect(
                try await stage.queue.heartbeat(job.lease, extend: Self.lease, checkpoint: nil) == .cancelled)
            #expect(try await stage.queue.finish(job.lease, outcome))
            #expect(try await stage.claim() == nil)
            #expect(
                try await stage.queue.depth(of: "sample")
                    == JobDepth(waiting: 0, running: 0, failed: 0, oldestDue: nil))
            #expect(try await stage.queue.enqueue(.sample("a")))
        }
    }

    @Test(arguments: JobQueueAdapter.all)
    func `a cancelled job whose worker died comes once more, to be told to stop`(_ adapter: JobQueueAdapter)
        async throws
    {
        try await adapter.run { stage in
            #expect(try await stage.queue.enqueue(.sample("a")))
            _ = try await stage.claim(lease: Self.lease)
            try await stage.queue.cancel(kind: "sample", key: "a")
            try await stage.pass(Self.lease)
            let again = try #require(try await stage.claim(lease: Self.lease))
            let signal = try await stage.queue.heartbeat(again.lease, extend: Self.lease, checkpoint: nil)
            #expect(signal == .cancelled)
            #expect(try await stage.queue.finish(again.lease, .done))
            #expect(try await stage.queue.enqueue(.sample("a")))
        }
    }
}
