import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// The raw writer as a process of its own, until it is ended. Only the bench itself calls this.
struct RawWriterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "raw-writer", abstract: "Writes each post to all listeners.", shouldDisplay: false)

    @Option var port: Int
    @Option var bytes: Int
    /// By way of a channel there, if there is one.
    @Option var redis: String?

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let writer: RawWriter
        if let redis {
            let channel = try await RawRedis.open(redis, on: group)
            writer = RawWriter(bytes: bytes) { channel.publish($0) }
            channel.subscribe { [weak writer] in writer?.deliver($0) }
        } else {
            writer = RawWriter(bytes: bytes)
        }
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawSocket(writer: writer))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        try await server.closeFuture.get()
    }
}
