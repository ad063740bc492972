import Foundation
import Kernel
import Testing

@testable import Chat
@testable import Identity
@testable import Polls
@testable import Videos

/// Every payload type of the domain, with what its golden files stand for. A new event needs a line in `all`.
struct GoldenEvent: CustomTestStringConvertible, Sendable {
    let type: String
    let version: Int
    /// Whether an event reads as the newest payload that the golden file must always give.
    let isAsExpected: @Sendable (Event) throws -> Bool
    /// Today's payload as it is published.
    let encoded: @Sendable () throws -> [UInt8]
    let isNewest: Bool

    var testDescription: String { "\(type) \(version)" }
    var name: String { "\(type).\(version).json" }

    private init<Payload: EventPayload & Equatable>(_ payload: Payload, version: Int = Payload.version) {
        type = Payload.type
        self.version = version
        isNewest = version == Payload.version
        isAsExpected = { event in try event.payload(Payload.self) == payload }
        encoded = { try Event(payload, tenant: Self.tenant, key: "k").data }
    }

    static let all = [
        GoldenEvent(TenantCreated(name: "Ada's Team 🦆", region: "eu", owner: user)),
        GoldenEvent(UserJoined(user: user, role: .member)),
        GoldenEvent(UserRenamed(user: user)),
        GoldenEvent(PasswordChanged(user: user)),
        GoldenEvent(UserRemoved(user: user, by: other)),
        GoldenEvent(
            VideoUploaded(video: video, title: "Holiday \"2026\"", bytes: 1 << 40, uploadedBy: user)),
        GoldenEvent(
            VideoReady(video: video, title: "Holiday", durationSeconds: 12.5, renditions: ["720p", "480p"])),
        GoldenEvent(
            VideoFailed(
                video: video, title: "Holiday", code: "no_video_stream", detail: "The file has no picture.")),
        GoldenEvent(VideoRenamed(video: video, title: "Holiday\nby the sea")),
        GoldenEvent(
            VideoDeleted(
                video: video, deletedBy: user,
                openUploads: [
                    MultipartUpload(
                        key: "videos/\(tenant)/\(video)/source", id: "018f0000-0000-7000-8000-0000000000d4",
                        bytes: 2_500, partBytes: 1_000, contentType: "video/mp4")
                ])),
        GoldenEvent(RoomCreated(room: room, kind: .video, video: room, isPrivate: false)),
        GoldenEvent(RoomClosed(room: room)),
        GoldenEvent(MembersChanged(room: room, joined: [user, other], left: [], by: user)),
        GoldenEvent(
            MessageSent(
                room: room, message: message, seq: 7, author: user, parent: parent, parentAuthor: other,
                mentions: [other], audience: [user, other], video: room)),
        GoldenEvent(
            MessageEdited(
                room: room, message: message, seq: 8, by: user, mentions: [other], audience: [user, other],
                video: room)),
        GoldenEvent(MessageDeleted(room: room, message: message, seq: 9, by: other)),
        GoldenEvent(
            CommentAdded(
                video: video, comment: comment, author: user, guest: share, parent: thread,
                parentAuthor: other, mentions: [other], atSeconds: 12.5)),
        GoldenEvent(CommentEdited(video: video, comment: comment, by: user, mentions: [other])),
        GoldenEvent(CommentDeleted(video: video, comment: comment)),
        GoldenEvent(CommentResolved(video: video, comment: comment, by: user, isResolved: true)),
        GoldenEvent(ApprovalGiven(video: video, by: user, state: "changes_requested")),
        GoldenEvent(VideoVersioned(video: video, stack: stack, number: 2)),
        GoldenEvent(ShareCreated(video: video, share: share, by: user)),
        GoldenEvent(ShareRevoked(video: video, share: share, by: user)),
        GoldenEvent(PollCreated(poll: poll, room: place, by: user)),
        GoldenEvent(PollVoted(poll: poll, room: place, by: user, option: 1)),
        GoldenEvent(PollClosed(poll: poll, room: place, by: user)),
    ]

    static let tenant = TenantID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_0001))
    private static let user = UserID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00a1))
    private static let other = UserID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00b2))
    private static let video = VideoID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00c3))
    private static let comment = CommentID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00f1))
    private static let thread = CommentID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00f2))
    private static let share = ShareID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00f3))
    private static let stack = VideoID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00f4))
    private static let room = RoomID(video.uuid)
    private static let place = PlaceID(video.uuid)
    private static let poll = PollID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00c6))
    private static let message = MessageID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00c4))
    private static let parent = MessageID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00c5))
}

/// Files of the repository that the tests read.
enum GoldenFolder {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    static let events = tests.appending(path: "GoldenEvents")
    static let schemas = tests.deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "schemas")
    static let sources = tests.deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "Sources")

    static func names(in folder: URL) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") })
    }

    static func object(_ name: String, in folder: URL) throws -> [String: Any] {
        let bytes = try Data(contentsOf: folder.appending(path: name))
        return try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    }
}
