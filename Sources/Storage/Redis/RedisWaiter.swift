import Kernel
import NIOCore

/// Who gets the next reply of a connection.
struct RedisWaiter: Sendable {
    // Unsafe, that is: unchecked. Replies come in the order of commands and each waiter leaves its queue when it is
    // resumed, so each is resumed once; the check would cost a tenth of a GET.
    typealias Continuation = UnsafeContinuation<RedisReply, any Error>

    enum Target: Sendable {
        case task(Continuation)
        case promise(EventLoopPromise<RedisReply>)
        /// Nobody, any more.
        case nobody
    }

    let id: Int
    var target: Target
    /// Of the command.
    let bytes: Int
    /// Set when the command is sent.
    var deadline = NIODeadline.distantFuture

    func resume(_ reply: RedisReply) {
        switch target {
        case .task(let continuation): continuation.resume(returning: reply)
        case .promise(let promise): promise.succeed(reply)
        case .nobody: break
        }
    }

    func fail(_ error: any Error) {
        switch target {
        case .task(let continuation): continuation.resume(throwing: error)
        case .promise(let promise): promise.fail(error)
        case .nobody: break
        }
    }
}

/// The connection went while a command waited; whether it was done is unknown.
struct RedisInterruption: Error, Sendable {
    let failure: Failure
}
