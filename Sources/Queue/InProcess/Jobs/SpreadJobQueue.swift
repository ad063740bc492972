package import Kernel
private import Synchronization

/// One queue over several, each of which lies beside the rows of the tenants whose jobs it holds.
///
/// Claims ask them in turn: within one, tenants share as it promises; between them, each gets as many workers as the
/// next. One that fails is passed over until it answers again, and only its jobs wait.
package final class SpreadJobQueue: JobQueue {
    package typealias Place = @Sendable (TenantID) async throws -> Int

    private struct State {
        /// Whom the next claim asks first.
        var next = 0
        /// Those that failed, until they answer again.
        var resting: Set<Int> = []
        /// Where jobs are that were claimed here.
        var holders: [JobID: Int] = [:]
    }

    /// Of jobs whose place is remembered; the places of others are found by asking all.
    private static let capacity = 10_000
    private static let rest = Backoff(first: .milliseconds(500), maximum: .seconds(10))

    private let queues: [any JobQueue]
    private let place: Place
    private let state = Mutex(State())
    /// Notified when a job of this process became due; others are found by polling.
    package let wakeup = Wakeup()

    /// `place` tells in which of `queues` a tenant's jobs are.
    package init(_ queues: [any JobQueue], place: @escaping Place) {
        self.queues = queues
        self.place = place
    }

    package func enqueue(_ job: NewJob) async throws -> Bool {
        let isNew = try await queues[place(job.tenant)].enqueue(job)
        if isNew { wakeup.notify() }
        return isNew
    }

    package func claim(_ kinds: [String], worker: String, lease: Duration) async throws -> LeasedJob? {
        var failure: (any Error)?
        var hasAnswer = false
        for index in turn() {
            do {
                let job = try await queues[index].claim(kinds, worker: worker, lease: lease)
                hasAnswer = true
                note(job, from: index)
                if let job { return job }
            } catch {
                try Task.checkCancellation()
                letRest(index)
                failure = error
            }
        }
        if let failure, !hasAnswer { throw failure }
        return nil
    }

    package func heartbeat(
        _ lease: JobLease, extend: Duration, checkpoint: [UInt8]?
    ) async throws -> JobSignal {
        try await ask(lease, until: { $0 != .leaseLost }, otherwise: .leaseLost) {
            try await $0.heartbeat(lease, extend: extend, checkpoint: checkpoint)
        }
    }

    package func finish(_ lease: JobLease, _ outcome: JobOutcome) async throws -> Bool {
        let isHeld = try await ask(lease, until: { $0 }, otherwise: false) {
            try await $0.finish(lease, outcome)
        }
        state.withLock { _ = $0.holders.removeValue(forKey: lease.job) }
        if isHeld { wakeup.notify() }
        return isHeld
    }

    package func cancel(kind: String, key: String) async throws {
        for queue in queues { try await queue.cancel(kind: kind, key: key) }
    }

    package func cancel(kind: String, key: String, of tenant: TenantID) async throws {
        try await queues[place(tenant)].cancel(kind: kind, key: key, of: tenant)
    }

    /// Of those that answer.
    package func depth(of kind: String) async throws -> JobDepth {
        var depths: [JobDepth] = []
        var failure: (any Error)?
        for index in turn() {
            do { depths.append(try await queues[index].depth(of: kind)) } catch { failure = error }
        }
        if let failure, depths.isEmpty { throw failure }
        return JobDepth(
            waiting: depths.map(\.waiting).reduce(0, +), running: depths.map(\.running).reduce(0, +),
            failed: depths.map(\.failed).reduce(0, +), oldestDue: depths.compactMap(\.oldestDue).min())
    }
}

extension SpreadJobQueue {
    /// Whom to ask, in which order; all of them if all rest.
    private func turn() -> [Int] {
        state.withLock { state in
            let order = queues.indices.map { (state.next + $0) % queues.count }
            let awake = order.filter { !state.resting.contains($0) }
            return awake.isEmpty ? order : awake
        }
    }

    private func note(_ job: LeasedJob?, from index: Int) {
        state.withLock { state in
            state.resting.remove(index)
            guard let job else { return }
            state.next = (index + 1) % queues.count
            if state.holders.count >= Self.capacity { state.holders = [:] }
            state.holders[job.lease.job] = index
        }
    }

    /// Workers of others must not wait for it: it is asked beside them whether it answers again.
    private func letRest(_ index: Int) {
        guard state.withLock({ $0.resting.insert(index).inserted }) else { return }
        Task { [weak self] in
            var failures = 0
            while let self, state.withLock({ $0.resting.contains(index) }) {
                failures += 1
                // Nobody cancels it; it ends with the queue or when the member answers.
                try? await Task.sleep(for: Self.rest.delay(afterAttempt: failures))
                // A failure means that it goes on resting.
                guard (try? await queues[index].depth(of: "")) != nil else { continue }
                state.withLock { _ = $0.resting.remove(index) }
                wakeup.notify()
            }
        }
    }

    /// The queue that gave out the job, or the one that knows the lease.
    private func ask<Answer>(
        _ lease: JobLease, until isRight: (Answer) -> Bool, otherwise: Answer,
        _ question: (any JobQueue) async throws -> Answer
    ) async throws -> Answer {
        if let index = state.withLock({ $0.holders[lease.job] }) { return try await question(queues[index]) }
        var failure: (any Error)?
        for queue in queues {
            do {
                let answer = try await question(queue)
                if isRight(answer) { return answer }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return otherwise
    }
}
