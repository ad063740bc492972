import Hummingbird
import Kernel
import NIOCore
import ServiceLifecycle
import Videos

/// A video's state as server-sent events, from now until it is ready, failed or gone; with comments until it is gone, and
/// told of each time its comments or approvals have changed.
struct VideoEventStream: Sendable {
    let library: VideoLibrary
    let notices: VideoNotices
    let signer: any PlaybackSigner

    /// Hints may be lost or come from another process: look again by ourselves this often.
    private static let recheck: Duration = .seconds(1)
    /// And this often once nothing but the review can change.
    private static let settledRecheck: Duration = .seconds(3)
    /// Then clients come again and show that they still may.
    private static let longest: Duration = .seconds(600)
    /// Proxies close silent connections; a comment keeps them open.
    private static let silence: Duration = .seconds(15)

    func response(_ first: Video, _ caller: Caller, withComments: Bool) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await send(first, caller, withComments, to: &writer)
                try await writer.finish(nil)
            })
    }

    @concurrent private func send(
        _ first: Video, _ caller: Caller, _ withComments: Bool, to writer: inout any ResponseBodyWriter
    ) async throws {
        let wakeup = Wakeup()
        var last = first
        try await writer.write(event(last, caller))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Hints end where some may have been lost: look, and listen again.
                while !Task.isCancelled {
                    if let changes = try? await notices.changes(of: first.id) {
                        wakeup.notify()
                        for await _ in changes { wakeup.notify() }
                    }
                    try await Task.sleep(for: Self.recheck)
                }
            }
            group.addTask {
                // Ends the wait at once when the server drains.
                try? await gracefulShutdown()
                wakeup.notify()
            }
            defer { group.cancelAll() }
            var lastWrite = ContinuousClock.now
            let end = ContinuousClock.now + Self.longest
            while !Task.isShuttingDownGracefully, !last.isSettled || withComments && .now < end {
                let generation = wakeup.generation
                guard let video = try? await library.video(first.id, caller) else { return }
                if video != last {
                    if video.review.revision != last.review.revision, withComments {
                        try await writer.write(Self.commentsChanged(video.id))
                    }
                    let isNews = !video.isSame(as: last)
                    last = video
                    lastWrite = .now
                    if isNews { try await writer.write(event(video, caller)) }
                } else if ContinuousClock.now - lastWrite > Self.silence {
                    lastWrite = .now
                    try await writer.write(ByteBuffer(string: ": still here\n\n"))
                }
                guard withComments || !last.isSettled else { continue }
                await wakeup.wait(
                    after: generation, atMost: last.isSettled ? Self.settledRecheck : Self.recheck)
            }
        }
    }

    private static func commentsChanged(_ video: VideoID) -> ByteBuffer {
        ByteBuffer(string: "event: comments\ndata: {\"videoId\":\"\(video)\"}\n\n")
    }

    private func event(_ video: Video, _ caller: Caller) -> ByteBuffer {
        var json = JSONWriter()
        let grant = signer.grant(tenant: caller.tenant, video: video.id, at: .now())
        json.object { $0.video(video, grant) }
        var buffer = ByteBuffer(string: "event: video\ndata: ")
        buffer.writeImmutableBuffer(json.buffer)
        buffer.writeString("\n\n")
        return buffer
    }
}

extension Video {
    /// Nothing will change any more by itself.
    var isSettled: Bool { state == .ready || state == .failed }

    /// But for its review, of which watchers are told apart.
    fileprivate func isSame(as other: Video) -> Bool {
        status == other.status && title == other.title && version == other.version
    }
}
