import Foundation
import Kernel
import TestDatabase
import Testing
import Videos

/// A transcode that does not get to its end at once: killed, or its video deleted.
@Suite struct TranscodingResumeTests {
    @Test(arguments: 0..<3)
    func `after a crash the work goes on behind the last whole column`(_ column: Int) async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let crashing = ScriptedEngine { step in
                if step.begins(column: column) { throw MediaFailure(.workerCrashed, "Gone.") }
            }
            #expect(try await stage.work(crashing) != nil)
            let again = ScriptedEngine()
            #expect(try await stage.work(again) == nil)
            #expect(again.requests.map(\.resumeAfterSegments) == [column])
            #expect(again.requests.map(\.wantsStills) == [column == 0])
            #expect(again.requests.first?.plan == crashing.requests.first?.plan)
            #expect(try await stage.video(video.id)?.state == .ready)
            let playlist = try #require(try await stage.text(video.id, "360p/index.m3u8"))
            #expect(playlist.split(separator: "\n").count { $0.hasSuffix(".m4s") } == 3)
        }
    }

    @Test func `a crash within a column loses that column only`() async throws {
        try await VideoStage.with { stage async throws in
            _ = try await stage.upload()
            try await stage.react()
            let crashing = ScriptedEngine { step in
                if case .segment("audio", 1, _, _, _) = step {
                    throw MediaFailure(.workerCrashed, "Gone.")
                }
            }
            #expect(try await stage.work(crashing) != nil)
            let again = ScriptedEngine()
            #expect(try await stage.work(again) == nil)
            #expect(again.requests.map(\.resumeAfterSegments) == [1])
        }
    }

    @Test func `a killed run's folder goes with the next, others' stay`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let killed = try #require(try await stage.claim())
            let left = "\(stage.scratch)/\(killed.key)-\(killed.lease.token)/out"
            let others = "\(stage.scratch)/\(VideoID())-1"
            for folder in [left, others] {
                try await Transcoding.LocalFiles.onDisk.makeEmptyDirectory(folder)
            }
            stage.clock.advance(by: .seconds(120))
            let engine = ScriptedEngine()
            let next = try #require(try await stage.claim())
            #expect(next.lease.token != killed.lease.token)
            #expect(try await stage.work(engine, next) == nil)
            let folder = try #require(engine.requests.first?.directory)
            #expect(folder.hasPrefix("\(stage.scratch)/\(video.id)-\(next.lease.token)/"))
            #expect(try stage.scratchNames() == [others.split(separator: "/").last.map(String.init)])
        }
    }

    @Test func `deleted and cleaned up while it is encoded, the work stops and writes no playlist`()
        async throws
    {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let engine = ScriptedEngine { step in
                guard step.begins(column: 1) else { return }
                try await stage.library.delete(video.id, by: stage.owner, nil)
                try await stage.react()
                #expect(try await stage.keys().isEmpty)
            }
            #expect(try await stage.work(engine) is CancellationError)
            #expect(try await stage.files(of: video.id).allSatisfy { !$0.hasSuffix(".m3u8") })
            #expect(try stage.scratchNames().isEmpty)
            #expect(try await stage.react().isEmpty)
            #expect(try await stage.claim() == nil)
        }
    }

    @Test func `deleted while it is encoded and cleaned up later, it leaves nothing`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let engine = ScriptedEngine { step in
                guard step.begins(column: 1) else { return }
                try await stage.library.delete(video.id, by: stage.owner, nil)
            }
            #expect(try await stage.work(engine) is CancellationError)
            #expect(try await stage.react().map(\.type) == [VideoDeleted.type])
            #expect(try await stage.isEmpty())
        }
    }

    @Test func `deleted and cleaned up after its last checkpoint, it leaves nothing`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let deleting = DeletingEngine(inner: ScriptedEngine()) {
                try await stage.library.delete(video.id, by: stage.owner, nil)
                try await stage.react()
            }
            _ = try await stage.work(deleting)
            #expect(try await stage.isEmpty())
            #expect(try await stage.react().isEmpty)
        }
    }

    @Test func `who lost the lease stops at the next column and ends nothing`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let engine = ScriptedEngine { step async throws in
                guard step.begins(column: 1) else { return }
                stage.clock.advance(by: .seconds(120))
                #expect(try await stage.claim() != nil)
            }
            #expect(try await stage.work(engine) is CancellationError)
            #expect(try await stage.video(video.id)?.state == .processing)
            #expect(try await stage.jobs.depth(of: Transcoding.jobKind).running == 1)
        }
    }
}

/// Lets something happen when all is encoded.
private struct DeletingEngine: MediaEngine {
    let inner: ScriptedEngine
    let atEnd: @Sendable () async throws -> Void

    func probe(source: String) async throws -> MediaProperties { try await inner.probe(source: source) }

    func transcode(
        _ request: TranscodeRequest, step: @Sendable (TranscodeStep) async throws -> Void
    ) async throws -> TranscodeSummary {
        let summary = try await inner.transcode(request, step: step)
        try await atEnd()
        return summary
    }
}
