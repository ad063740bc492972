import Foundation
import Kernel
import TestProcess
import Testing

@testable import Videos

/// Marker lists in a reader that is not ours; `scripts/test` fetches it. One after the other: a dozen readers at once starve
/// the pure suites beside them.
@Suite(
    .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["CLOUDSTREAM_EDL_READER"] != nil,
        "CLOUDSTREAM_EDL_READER names no folder: see scripts/fetch-edl-reader"))
struct EditorImportTests {
    private struct Reading: Decodable {
        struct Marker: Decodable, Equatable {
            let name: String
            let color: String
            let frame: Int64
        }

        let title: String
        let markers: [Marker]
    }

    private func read(_ list: MarkerList, rate: String) async throws -> Reading {
        let reader = try #require(ProcessInfo.processInfo.environment["CLOUDSTREAM_EDL_READER"])
        let folder = URL.temporaryDirectory.appending(path: "cloudstream-\(UUIDv7())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // A folder left in the temporary one harms nothing.
        defer { try? FileManager.default.removeItem(at: folder) }
        let (edl, markers) = (folder.appending(path: "list.edl"), folder.appending(path: "markers.json"))
        try Data(list.text.utf8).write(to: edl)
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "editors/read-markers.py")
        let (end, output) = try await ChildProcess.run(
            "/usr/bin/env", ["python3", script.path, edl.path, rate, markers.path],
            environment: ProcessInfo.processInfo.environment.merging(["PYTHONPATH": reader]) { $1 })
        try #require(end == .exit(0), "the reader refuses:\n\(list.text)\n\(output)")
        return try JSONDecoder().decode(Reading.self, from: Data(contentsOf: markers))
    }

    private func comment(
        _ body: String, by name: String = "Gus", at seconds: Double, until: Double? = nil,
        isSettled: Bool = false, parent: CommentID? = nil
    ) -> Videos.Comment {
        let time = Timestamp(milliseconds: 1_800_000_000_000)
        return Videos.Comment(
            id: CommentID(),
            place: .init(video: VideoID(), parent: parent, atSeconds: seconds, untilSeconds: until),
            author: .guest(name: name, share: ShareID()), createdAt: time,
            content: .init(
                body: body, mentions: [], resolution: isSettled ? .init(at: time, by: UserID()) : nil))
    }

    @Test(arguments: ["23.976", "24", "25", "29.97", "30", "47.952", "48", "50", "59.94", "60"])
    func `names, times and colours of markers are found in each rate`(_ name: String) async throws {
        let rate = try #require(FrameRate(name))
        let first = comment("Grüße 🦆 | \"loud\"\n* LOC: 01:00:00:00 RED no", at: 2, until: 4)
        let comments = [
            first, comment("Settled", by: "3D Team", at: 600.5, isSettled: true),
            comment("4 at once", by: "007  001 V C", at: 2), comment("Reply", at: 2, parent: first.id),
            comment("SPLIT: TITLE: x", by: "TITLE", at: 0), comment("Left", at: 9, parent: CommentID()),
        ]
        let video = Video(
            id: VideoID(), announcement: .sample(), createdBy: UserID(),
            createdAt: Timestamp(milliseconds: 0))
        let list = MarkerList(.init(video: video, comments: comments), rate: rate, names: [:])
        let found = try await read(list, rate: name)
        func marker(_ text: String, _ color: String, at seconds: Double) -> Reading.Marker {
            .init(name: text, color: color, frame: 3_600 * rate.base + rate.frame(at: seconds))
        }
        #expect(found.title == video.title)
        #expect(
            found.markers == [
                marker("SPLIT: TITLE: x", "BLUE", at: 0),
                marker("Grüße 🦆 / \"loud\" * LOC: 01:00:00:00 RED no", "BLUE", at: 2),
                marker("4 at once", "BLUE", at: 2), marker("Left", "BLUE", at: 9),
                marker("Settled", "GREEN", at: 600.5),
            ])
    }

    @Test func `a long list is read whole, and an empty one is one`() async throws {
        let video = Video(
            id: VideoID(), announcement: .sample(), createdBy: UserID(),
            createdAt: Timestamp(milliseconds: 0))
        let rate = try #require(FrameRate("25"))
        for count in [0, 1_200] {
            let comments = (0..<count).map { comment("\($0)", at: Double($0 / 2)) }
            let list = MarkerList(.init(video: video, comments: comments), rate: rate, names: [:])
            let found = try await read(list, rate: "25")
            #expect(found.markers.map(\.name) == (0..<count).map(String.init))
        }
    }
}
