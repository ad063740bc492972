import Foundation

/// One thread that runs a body once; `join` waits for it and rethrows its error.
///
/// Unchecked because `outcome` is touched only while `condition` is locked.
final class WorkThread: @unchecked Sendable {
    private let condition = NSCondition()
    private var outcome: Result<Void, any Error>?

    init(name: String, _ body: @escaping @Sendable () throws -> Void) {
        let thread = Thread { [self] in
            let result = Result { try body() }
            condition.withLock {
                outcome = result
                condition.broadcast()
            }
        }
        thread.stackSize = 8 << 20  // libav's encoders keep large arrays on the stack.
        thread.name = name
        thread.start()
    }

    func join() throws {
        let result = condition.withLock {
            while outcome == nil { condition.wait() }
            return outcome
        }
        try result?.get()
    }
}
