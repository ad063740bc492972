import Foundation
package import Kernel

/// What a worker must know of the topology it works in, whichever adapters it has.
package struct WorkerSettings: Sendable, Equatable {
    package let scratch: String
    package let concurrentJobs: Int
    package let lease: Duration
    package let heartbeat: Duration
    package let pollInterval: Duration
    package let backoff: Backoff
    package let maximumAttempts: Int
}

extension Profile {
    package var worker: WorkerSettings {
        switch (media, jobs) {
        case (.libav(let media), .table(let jobs)):
            WorkerSettings(
                scratch: ScratchFolder.own(below: media.scratch),
                concurrentJobs: media.concurrentJobs, lease: jobs.lease, heartbeat: jobs.heartbeat,
                pollInterval: jobs.pollInterval,
                backoff: Backoff(first: jobs.firstDelay, maximum: jobs.maximumDelay),
                maximumAttempts: jobs.maximumAttempts)
        }
    }
}
