import Foundation

/// A thread that runs one actor, whose calls may then wait for librdkafka.
///
/// Unchecked because a condition variable guards the state: every access to `jobs` and `last` holds it.
final class KafkaThread: SerialExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var last: (@Sendable () -> Void)?

    init(name: String) {
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            condition.signal()
        }
    }

    /// Ends the thread behind all jobs, `last` being the last thing it does. For the actor's end, once.
    func stop(_ last: @escaping @Sendable () -> Void) {
        condition.withLock {
            self.last = last
            condition.signal()
        }
    }

    private func run() {
        while true {
            let (jobs, last) = take()
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if jobs.isEmpty, let last { return last() }
        }
    }

    private func take() -> ([UnownedJob], (@Sendable () -> Void)?) {
        condition.withLock {
            while jobs.isEmpty && last == nil { condition.wait() }
            defer { jobs.removeAll(keepingCapacity: true) }
            return (jobs, last)
        }
    }
}
