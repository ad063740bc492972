import Kernel
import Relational
import TestDatabase
import Testing
import Videos

/// Events may come again and, replayed from the dead letters, out of order: the end is the same.
@Suite struct ReactionTests {
    /// What is left when all is applied and all jobs are done.
    private struct Ending: Equatable {
        let state: Video.State?
        let files: [String]
        let openUploads: [String]
        let depth: JobDepth
    }

    private func ending(_ stage: VideoStage, _ video: VideoID) async throws -> Ending {
        while let job = try await stage.claim() { try await stage.work(ScriptedEngine(columns: 1), job) }
        return Ending(
            state: try await stage.video(video)?.state, files: try await stage.keys(),
            openUploads: try stage.openUploads(), depth: try await stage.jobs.depth(of: Transcoding.jobKind))
    }

    private static let nothing = Ending(
        state: nil, files: [], openUploads: [],
        depth: JobDepth(waiting: 0, running: 0, failed: 0, oldestDue: nil))

    /// All orders of three of each of two.
    private static let orders: [String] = (0..<64).compactMap { bits in
        let letters = (0..<6).map { bits >> $0 & 1 == 1 ? "U" : "D" }
        return letters.count { $0 == "U" } == 3 ? letters.joined() : nil
    }

    @Test(arguments: orders)
    func `uploaded and deleted, each three times in any order, leave nothing`(_ order: String) async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.library.delete(video.id, by: stage.owner, nil)
            let events = try await Outbox.events(of: stage)
            #expect(events.map(\.type) == [VideoUploaded.type, VideoDeleted.type])
            for letter in order { try await stage.reactions.apply(events[letter == "U" ? 0 : 1]) }
            #expect(try await ending(stage, video.id) == Self.nothing)
        }
    }

    @Test func `uploaded three times, before and after the work, makes one ready video`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            let event = try #require(try await Outbox.events(of: stage).first)
            for _ in 0..<3 { try await stage.reactions.apply(event) }
            #expect(try await stage.jobs.depth(of: Transcoding.jobKind).waiting == 1)
            let first = try await ending(stage, video.id)
            #expect(first.state == .ready)
            for _ in 0..<3 {
                try await stage.reactions.apply(event)
                #expect(try await ending(stage, video.id) == first)
            }
        }
    }

    @Test func `applied by many at once, an upload becomes one job`() async throws {
        try await VideoStage.with { stage async throws in
            _ = try await stage.upload()
            let event = try #require(try await Outbox.events(of: stage).first)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 { group.addTask { try await stage.reactions.apply(event) } }
                try await group.waitForAll()
            }
            #expect(try await stage.jobs.depth(of: Transcoding.jobKind).waiting == 1)
        }
    }

    @Test func `a deletion three times takes the parts of an open upload, and nobody else's`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            _ = try await stage.send(announced)
            let kept = try await stage.announce()
            try await stage.library.delete(announced.video.id, by: stage.owner, nil)
            let event = try #require(try await Outbox.events(of: stage).first)
            for _ in 0..<3 { try await stage.reactions.apply(event) }
            #expect(try stage.openUploads() == [kept.upload.upload.id.description])
            #expect(try await stage.usage() == VideoUsage(bytes: 2_000, openUploads: 1))
        }
    }

    @Test func `what this context does not care for changes nothing`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            let keys = try await stage.keys()
            for type in ["video.ready", "video.failed", "video.renamed", "user.joined", "unheard.of"] {
                for _ in 0..<3 {
                    try await stage.reactions.apply(
                        Event(
                            type: type, version: 1, tenant: stage.owner.tenant,
                            key: video.id.description, data: Array("{}".utf8)))
                }
            }
            #expect(try await stage.keys() == keys)
            #expect(try await stage.jobs.depth(of: Transcoding.jobKind).waiting == 0)
        }
    }

    @Test func `an event of a newer version or a torn one is an error, not passed over`() async throws {
        try await VideoStage.with { stage async throws in
            for (version, data) in [(99, "{}"), (1, "{}"), (1, "torn")] {
                let event = Event(
                    type: VideoUploaded.type, version: version, tenant: stage.owner.tenant, key: "k",
                    data: Array(data.utf8))
                await #expect(throws: (any Error).self) { try await stage.reactions.apply(event) }
            }
        }
    }
}

extension Outbox {
    static func events(of stage: VideoStage) async throws -> [Event] {
        try await Outbox(stage.database).oldest(100).map(\.event)
    }
}
