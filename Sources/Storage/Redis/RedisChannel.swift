import Kernel
import NIOCore

/// An open channel and its handler, which lives on the loop.
struct RedisChannel: Sendable {
    let channel: any Channel
    let endpoint: RedisEndpoint
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

    func close() async {
        // That it was closed already is as good.
        try? await channel.close().get()
    }
}
