import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Takes connections from a listening socket from which other processes take too, on a thread of its own.
///
/// An event loop's own listener takes it for granted that who is told of a connection also gets it.
final class SharedEntrance: Sendable {
    /// Milliseconds until a call to end is noticed.
    private static let patience: Int32 = 50
    /// Of connections that wait, so that others get some.
    private static let atOnce = 16
    private static let backlog: Int32 = 1024

    private let listener: InheritedListener
    private let lanes: [Lane]
    private let limits: GatewaySettings.Limits
    private let arriving = ClientCount()
    private let isEnding = Atomic(false)
    private let ended: EventLoopPromise<Void>

    /// Until `close`. There must be lanes.
    init(_ listener: InheritedListener, _ lanes: [Lane], _ limits: GatewaySettings.Limits) {
        self.listener = listener
        self.lanes = lanes
        self.limits = limits
        ended = lanes[0].loop.makePromise()
        listener.prepare(backlog: Self.backlog)
        Thread.detachNewThread { self.takeAll() }
    }

    /// Returns when no connection is taken any more, and those that were are their lanes'. What waits is for others.
    func close() async {
        isEnding.store(true, ordering: .relaxed)
        // It is only ever fulfilled.
        try? await ended.futureResult.get()
        while arriving.current > 0, !Task.isCancelled {
            // As long as it takes lanes to look.
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    private func takeAll() {
        var next = 0
        var wish = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
        while !isEnding.load(ordering: .relaxed) {
            guard poll(&wish, 1, Self.patience) > 0 else { continue }
            for _ in 0..<Self.atOnce {
                let socket = accept(listener.descriptor, nil, nil)
                guard socket >= 0 else {
                    // Another took it, or it has gone; without a descriptor to spare a moment may bring one.
                    if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) { usleep(10_000) }
                    break
                }
                _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
                next = (next + 1) % lanes.count
                hand(socket, to: lanes[next])
            }
        }
        listener.close()
        ended.succeed()
    }

    private func hand(_ socket: Int32, to lane: Lane) {
        _ = arriving.enter()
        ClientBootstrap(group: lane.loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelOption(.writeBufferWaterMark, value: limits.waterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try ClientHandler.install(in: channel, lane: lane) }
            }.withConnectedSocket(socket).whenComplete { [arriving] _ in
                // A turn later it counts among the clients, or has ended.
                lane.loop.execute { arriving.leave() }
            }
    }
}
