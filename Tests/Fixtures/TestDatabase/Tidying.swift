import Foundation
import Synchronization

/// What is tidied up behind tests that do not wait for it. The process ends behind it: libraries are taken down at its
/// exit, and whoever uses them then would crash.
package enum Tidying {
    private static let group = DispatchGroup()
    private static let last = Mutex<[@Sendable () async -> Void]>([])
    private static let waiting: Void = {
        atexit {
            for body in Tidying.last.withLock({ $0 }) { Tidying.begin(body) }
            _ = Tidying.group.wait(timeout: .now() + 30)
        }
    }()

    /// Once all tests are over.
    package static func atEnd(_ body: @escaping @Sendable () async -> Void) {
        _ = waiting
        last.withLock { $0.append(body) }
    }

    package static func begin(_ body: @escaping @Sendable () async -> Void) {
        _ = waiting
        group.enter()
        Task.detached {
            await body()
            group.leave()
        }
    }
}
