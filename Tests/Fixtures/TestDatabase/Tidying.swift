import Foundation

/// What is tidied up behind tests that do not wait for it. The process ends behind it: libraries are taken down at its
/// exit, and whoever uses them then would crash.
package enum Tidying {
    private static let group = DispatchGroup()
    private static let waiting: Void = { atexit { _ = Tidying.group.wait(timeout: .now() + 30) } }()

    package static func begin(_ body: @escaping @Sendable () async -> Void) {
        _ = waiting
        group.enter()
        Task.detached {
            await body()
            group.leave()
        }
    }
}
