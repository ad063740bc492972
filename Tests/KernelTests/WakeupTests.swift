import Kernel
import Synchronization
import Testing

@Suite struct WakeupTests {
    private static let long = Duration.seconds(3600)

    @Test func `a notification between looking and waiting is not lost`() async {
        let wakeup = Wakeup()
        let seen = wakeup.generation
        wakeup.notify()
        await wakeup.wait(after: seen, atMost: Self.long)
        #expect(wakeup.generation == seen + 1)
    }

    @Test func `all who wait are woken`() async {
        let wakeup = Wakeup()
        let seen = wakeup.generation
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { await wakeup.wait(after: seen, atMost: Self.long) } }
            group.addTask { wakeup.notify() }
        }
        #expect(wakeup.generation == seen + 1)
    }

    @Test func `a consumer that reads the generation first misses none of many notifications`() async {
        let wakeup = Wakeup()
        let work = Work()
        let rounds = 5_000
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var done = 0
                while done < rounds {
                    let seen = wakeup.generation
                    let waiting = work.count.withLock { work in
                        defer { work = 0 }
                        return work
                    }
                    done += waiting
                    if done < rounds, waiting == 0 { await wakeup.wait(after: seen, atMost: Self.long) }
                }
            }
            group.addTask { @concurrent in
                for round in 0..<rounds {
                    work.count.withLock { $0 += 1 }
                    wakeup.notify()
                    if round % 16 == 0 { await Task.yield() }
                }
            }
        }
        #expect(work.count.withLock { $0 } == 0)
    }

    @Test func `waiting ends when the task is cancelled, before and while it waits`() async {
        let wakeup = Wakeup()
        let seen = wakeup.generation
        for delay in [0, 0, 0, 1, 5] {
            let waiting = Task { await wakeup.wait(after: seen, atMost: Self.long) }
            for _ in 0..<delay { await Task.yield() }
            waiting.cancel()
            await waiting.value
        }
        #expect(wakeup.generation == seen)
    }

    @Test func `waiting ends after the limit`() async {
        let wakeup = Wakeup()
        let start = ContinuousClock.now
        await wakeup.wait(after: wakeup.generation, atMost: .milliseconds(20))
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    @Test func `an older notification does not wake`() async {
        let wakeup = Wakeup()
        wakeup.notify()
        let start = ContinuousClock.now
        await wakeup.wait(after: wakeup.generation, atMost: .milliseconds(20))
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }
}

private final class Work: Sendable {
    let count = Mutex(0)
}
