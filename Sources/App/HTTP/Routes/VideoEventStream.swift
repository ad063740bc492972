import Hummingbird
import Kernel
import NIOCore
import ServiceLifecycle
import Videos

/// A video's state as server-sent events, from now until it is ready, failed or gone.
struct VideoEventStream: Sendable {
    let library: VideoLibrary
    let notices: VideoNotices
    let signer: any PlaybackSigner

    /// Hints may be lost or come from another process: look again by ourselves this often.
    private static let recheck: Duration = .seconds(1)
    /// Proxies close silent connections; a comment keeps them open.
    private static let silence: Duration = .seconds(15)

    func response(_ first: Video, _ caller: Caller) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await send(first, caller, to: &writer)
                try await writer.finish(nil)
            })
    }

    @concurrent private func send(_ first: Video, _ caller: Caller, to writer: inout any ResponseBodyWriter)
        async throws
    {
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
            while !Task.isShuttingDownGracefully, !last.isSettled {
                let generation = wakeup.generation
                guard let video = try? await library.video(first.id, caller) else { return }
                if video != last {
                    last = video
                    lastWrite = .now
                    try await writer.write(event(video, caller))
                } else if ContinuousClock.now - lastWrite > Self.silence {
                    lastWrite = .now
                    try await writer.write(ByteBuffer(string: ": still here\n\n"))
                }
                if !last.isSettled { await wakeup.wait(after: generation, atMost: Self.recheck) }
            }
        }
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
}
