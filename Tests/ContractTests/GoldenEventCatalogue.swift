import Foundation
import Kernel
import Testing

@testable import Identity
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
    ]

    static let tenant = TenantID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_0001))
    private static let user = UserID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00a1))
    private static let other = UserID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00b2))
    private static let video = VideoID(UUIDv7(high: 0x018f_0000_0000_7000, low: 0x8000_0000_0000_00c3))
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
