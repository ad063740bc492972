import Crypto
import Foundation
import Kernel
import TestDatabase
import Testing
import Videos

@Suite struct TranscodingTests {
    @Test func `an uploaded video becomes ready, with all its files stored`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let engine = ScriptedEngine()
            #expect(try await stage.work(engine) == nil)
            let ready = try #require(try await stage.video(video.id))
            #expect(ready.state == .ready)
            #expect(ready.status.durationSeconds == 12)
            #expect(ready.status.renditions.map(\.name) == ["360p"])
            #expect(ready.status.hasPoster && ready.status.hasThumbnails && ready.status.isPlayable)
            #expect(
                try await stage.files(of: video.id) == [
                    "360p/0.m4s", "360p/1.m4s", "360p/2.m4s", "360p/index.m3u8", "360p/init.mp4",
                    "audio/0.m4s", "audio/1.m4s", "audio/2.m4s", "audio/index.m3u8", "audio/init.mp4",
                    "master.m3u8", "poster.jpg", "strip.jpg", "thumbnails.vtt",
                ])
            let playlist = try #require(try await stage.text(video.id, "360p/index.m3u8"))
            #expect(playlist.contains("2.m4s") && playlist.hasSuffix("#EXT-X-ENDLIST\n"))
            #expect(try await stage.text(video.id, "360p/1.m4s")?.contains("index: 1") == true)
            let told = try await stage.react()
            #expect(told.map(\.type) == [VideoReady.type])
            #expect(try told.first?.payload(VideoReady.self).renditions == ["360p"])
            #expect(try stage.scratchNames().isEmpty)
            #expect(engine.requests.map(\.resumeAfterSegments) == [0])
            #expect(engine.requests.map(\.wantsStills) == [true])
        }
    }

    @Test func `players have each column as soon as it is whole`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let engine = ScriptedEngine { step in
                for column in 0..<3 where step.begins(column: column) {
                    let playlist = try await stage.text(video.id, "360p/index.m3u8")
                    let sound = try await stage.text(video.id, "audio/index.m3u8")
                    #expect(sound == playlist)
                    #expect((playlist == nil) == (column == 0))
                    #expect(playlist?.contains("ENDLIST") != true)
                    #expect((playlist?.split(separator: "\n").count { $0.hasSuffix(".m4s") } ?? 0) == column)
                    let shown = try await stage.video(video.id)
                    #expect(shown?.status.isPlayable == (column > 0))
                    #expect(shown?.state == .processing)
                }
            }
            #expect(try await stage.work(engine) == nil)
        }
    }

    @Test(arguments: MediaFailure.Code.allCases.filter { !MediaFailure($0, "").isRetryable })
    func `a source that cannot be used ends the video as failed, and the job as done`(
        _ code: MediaFailure.Code
    ) async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let engine = ScriptedEngine { _ in throw MediaFailure(code, "It is so.") }
            #expect(try await stage.work(engine) == nil)
            let failed = try await stage.video(video.id)
            #expect(failed?.state == .failed)
            #expect(failed?.status.failure == MediaFailure(code, "It is so."))
            let told = try await stage.react()
            #expect(told.map(\.type) == [VideoFailed.type])
            #expect(try told.first?.payload(VideoFailed.self).code == code.rawValue)
            #expect(try stage.scratchNames().isEmpty)
            #expect(try await stage.claim() == nil)
        }
    }

    @Test(arguments: MediaFailure.Code.allCases.filter { MediaFailure($0, "").isRetryable })
    func `a failure of the machine is thrown, and another try makes the video ready`(
        _ code: MediaFailure.Code
    ) async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let failing = ScriptedEngine { _ in throw MediaFailure(code, "Try again.") }
            #expect(try await (stage.work(failing) as? MediaFailure)?.code == code)
            #expect(try await stage.video(video.id)?.state == .processing)
            #expect(try stage.scratchNames().isEmpty)
            #expect(try await stage.work(ScriptedEngine()) == nil)
            #expect(try await stage.video(video.id)?.state == .ready)
        }
    }

    @Test func `a source longer than allowed fails before it is encoded`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            try await stage.react()
            let engine = ScriptedEngine(properties: .scripted(seconds: 1e6))
            #expect(try await stage.work(engine) == nil)
            #expect(try await stage.video(video.id)?.status.failure?.code == .tooLong)
            #expect(engine.requests.isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func `only bytes with the announced checksum are read`(_ isRight: Bool) async throws {
        try await VideoStage.with { stage async throws in
            let bytes = [UInt8](repeating: 1, count: 2_000)
            let right = SHA256.hash(data: bytes).map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
            let video = try await stage.upload(sha256: isRight ? right : String(repeating: "0", count: 64))
            try await stage.react()
            let engine = ScriptedEngine()
            #expect(try await stage.work(engine) == nil)
            let ended = try await stage.video(video.id)
            #expect(ended?.state == (isRight ? .ready : .failed))
            #expect(ended?.status.failure?.code == (isRight ? nil : .checksumMismatch))
            #expect(engine.requests.count == (isRight ? 1 : 0))
        }
    }

    @Test func `a stored source of another size, or none, fails the video`() async throws {
        try await VideoStage.with { stage async throws in
            for isThere in [true, false] {
                let video = try await stage.upload()
                try await stage.react()
                let key = VideoObjects(tenant: stage.owner.tenant, video: video.id).source
                try await stage.objects.delete(prefix: key)
                if isThere {
                    _ = try await stage.objects.put(
                        key, body: OneBuffer(bytes: [1]), length: 1, contentType: "video/mp4")
                }
                #expect(try await stage.work(ScriptedEngine()) == nil)
                let code = try await stage.video(video.id)?.status.failure?.code
                #expect(code == (isThere ? .checksumMismatch : .sourceMissing))
            }
        }
    }

    @Test func `a video that is over is left alone`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            let uploaded = try await stage.react()
            #expect(try await stage.work(ScriptedEngine()) == nil)
            let ready = try await stage.video(video.id)
            for event in uploaded { try await stage.reactions.apply(event) }
            let engine = ScriptedEngine()
            #expect(try await stage.work(engine) == nil)
            #expect(engine.requests.isEmpty)
            try await stage.transcoding(engine).fail(
                video.id, in: stage.owner.tenant, MediaFailure(.timeout, "late"))
            #expect(try await stage.video(video.id) == ready)
        }
    }
}
