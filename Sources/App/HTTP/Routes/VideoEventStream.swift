import Hummingbird
import Kernel
import NIOCore
import Videos

/// A video's state as server-sent events, from now until it is ready, failed or gone; with comments until it is gone, and
/// told of each time its comments or approvals have changed. All end with the session.
struct VideoEventStream: Sendable {
    let library: VideoLibrary
    let notices: VideoNotices
    let signer: any PlaybackSigner
    let events: SessionEvents

    /// With comments, clients come again after that time.
    private static let longest: Duration = .seconds(600)

    func response(
        _ exchange: Exchange, of video: VideoID, withComments: Bool
    ) async throws -> Response {
        // One that is not there is an answer, not a stream.
        _ = try await library.video(video, exchange.caller)
        let teller = VideoTeller(
            library: library, signer: signer, id: video, withComments: withComments,
            end: ContinuousClock.now + Self.longest)
        return events.response(exchange, from: teller) { [notices] in try await notices.changes(of: video) }
    }
}

private struct VideoTeller: EventTeller {
    let library: VideoLibrary
    let signer: any PlaybackSigner
    let id: VideoID
    let withComments: Bool
    let end: ContinuousClock.Instant
    private var last: Video?

    init(
        library: VideoLibrary, signer: any PlaybackSigner, id: VideoID, withComments: Bool,
        end: ContinuousClock.Instant
    ) {
        self.library = library
        self.signer = signer
        self.id = id
        self.withComments = withComments
        self.end = end
    }

    /// Hints may be lost or come from another process: look again by ourselves this often.
    private static let recheck: Duration = .seconds(1)
    /// And this often once nothing but the review can change.
    private static let settledRecheck: Duration = .seconds(3)

    mutating func look(_ caller: Caller) async throws -> EventLook {
        let video = try await library.video(id, caller)
        defer { last = video }
        var look = EventLook()
        if withComments, let last, video.review.revision != last.review.revision {
            look.events.writeEvent("comments") { $0.field("videoId", id) }
        }
        if last.map({ !video.isSame(as: $0) }) ?? true {
            let grant = signer.grant(tenant: caller.tenant, video: id, at: .now())
            look.events.writeEvent("video") { $0.video(video, grant) }
        }
        if !video.isSettled {
            look.next = Self.recheck
        } else if withComments, ContinuousClock.now < end {
            look.next = Self.settledRecheck
        }
        return look
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
