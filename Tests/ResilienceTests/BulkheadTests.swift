import Kernel
import Resilience
import Testing

@Suite struct BulkheadTests {
    private func bulkhead(_ concurrency: Int, waiting: Int) -> Bulkhead {
        var settings = Bulkhead.Settings()
        settings.concurrency = concurrency
        settings.waiting = waiting
        return Bulkhead("store", settings: settings)
    }

    @Test func `never more at once than there are places, and all get their turn`() async throws {
        let bulkhead = bulkhead(4, waiting: 1000)
        let gauge = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<500 {
                group.addTask {
                    try await bulkhead.run {
                        gauge.enter()
                        await Task.yield()
                        gauge.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(gauge.most <= 4)
        #expect(bulkhead.running == 0 && bulkhead.waiting == 0)
    }

    @Test func `who comes when the queue is full is refused at once`() async throws {
        let bulkhead = bulkhead(1, waiting: 1)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    // Ended by the cancellation below.
                    try? await bulkhead.run { try await Task.sleep(for: .seconds(3_600)) }
                }
            }
            while bulkhead.waiting < 1 { await Task.yield() }
            let failure = await #expect(throws: Failure.self) { try await bulkhead.run {} }
            #expect(failure?.kind == .overloaded)
            group.cancelAll()
        }
        #expect(bulkhead.running == 0 && bulkhead.waiting == 0)
    }

    @Test func `who is cancelled while waiting leaves its place to others`() async throws {
        let bulkhead = bulkhead(1, waiting: 10)
        let holder = Task { try await bulkhead.run { try await Task.sleep(for: .seconds(3_600)) } }
        while bulkhead.running == 0 { await Task.yield() }
        let waiters = (0..<5).map { _ in Task { try await bulkhead.run { 1 } } }
        while bulkhead.waiting < 5 { await Task.yield() }
        for waiter in waiters.prefix(3) { waiter.cancel() }
        for waiter in waiters.prefix(3) {
            await #expect(throws: CancellationError.self) { try await waiter.value }
        }
        holder.cancel()
        for waiter in waiters.suffix(2) { #expect(try await waiter.value == 1) }
        #expect(bulkhead.running == 0 && bulkhead.waiting == 0)
    }
}
