import Foundation
import Kernel
import NIOCore

/// An open channel and its handler, which lives on the loop.
struct RedisChannel: Sendable {
    let channel: any Channel
    let endpoint: RedisEndpoint
    let isEncrypted: Bool
    let handler: NIOLoopBound<RedisChannelHandler>

    /// The replies to `commands`, before the channel is handed to anybody else.
    func ask(_ commands: [RedisCommand], until deadline: NIODeadline) async throws -> [RedisReply] {
        let loop = channel.eventLoop
        return try await loop.flatSubmit {
            var buffer = channel.allocator.buffer(capacity: 256)
            let promises = commands.map { _ in loop.makePromise(of: RedisReply.self) }
            let waiters = zip(commands, promises).map { command, promise in
                RedisWaiter(id: 0, target: .promise(promise), bytes: command.encode(into: &buffer))
            }
            handler.value.send(buffer, waiters, until: deadline)
            return EventLoopFuture.whenAllSucceed(promises.map(\.futureResult), on: loop)
        }.get()
    }

    /// The socket, taken from its event loop before it is handed to anybody; nil, and nothing is changed, if it is
    /// encrypted.
    func detached(settings: RedisSettings) async throws -> RedisLine? {
        guard !isEncrypted else { return nil }
        let descriptor: Int32?
        do {
            descriptor = try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                    of: NIOBSDSocket.Handle.self
                ) { fcntl($0, F_DUPFD_CLOEXEC, 0) }
            }.get()
        } catch {
            // It ended behind the login.
            throw Failure.unavailable("Redis at \(endpoint)", cause: error)
        }
        guard let descriptor, descriptor >= 0 else { return nil }
        // The connection lives on under the other number.
        await close()
        return try RedisLine(RedisSocket(adopting: descriptor), settings: settings)
    }

    func close() async {
        // That it was closed already is as good.
        try? await channel.close().get()
    }
}
