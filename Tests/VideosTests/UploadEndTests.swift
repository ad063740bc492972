import Kernel
import TestDatabase
import Testing
import Videos

/// How uploads end: completed, abandoned, expired, deleted, and two of these at once.
@Suite struct UploadEndTests {
    @Test func `completing again answers the same video and tells of it once`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            let parts = try await stage.send(announced)
            let once = OnceKey(scope: "complete", key: "k", digest: "d")
            let first = try await stage.complete(announced, parts, once: once)
            #expect(try await stage.complete(announced, parts, once: once) == first)
            #expect(try await stage.complete(announced, parts) == first)
            #expect(try await stage.react().map(\.type) == [VideoUploaded.type])
            #expect(try await stage.usage() == VideoUsage(bytes: 2_000, openUploads: 0))
        }
    }

    @Test func `many who complete at once get the same video`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce(bytes: 1_500_000)
            let parts = try await stage.send(announced)
            let videos = try await withThrowingTaskGroup(of: Video.self) { group in
                for _ in 0..<8 { group.addTask { try await stage.complete(announced, parts) } }
                return try await group.reduce(into: [Video]()) { $0.append($1) }
            }
            #expect(videos.allSatisfy { $0.id == announced.video.id && $0.state == .processing })
            #expect(try await stage.react().count == 1)
            #expect(try await stage.usage() == VideoUsage(bytes: 1_500_000, openUploads: 0))
        }
    }

    @Test func `an upload that lacks parts is not completed and stays open`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce(bytes: 1_500_000)
            #expect(await failureCode { _ = try await stage.complete(announced, []) } == "upload_incomplete")
            #expect(try await stage.video(announced.video.id)?.state == .awaitingUpload)
            _ = try await stage.complete(announced, try await stage.send(announced))
        }
    }

    @Test func `abandoning frees everything`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            _ = try await stage.send(announced)
            try await stage.library.abandon(announced.upload.upload.id, by: stage.owner, nil)
            try await stage.react()
            #expect(try await stage.isEmpty())
            #expect(try await stage.video(announced.video.id) == nil)
        }
    }

    @Test(arguments: [OnceKey(scope: "abandon", key: "k", digest: "d"), nil])
    func `abandoning again is harmless with its once-key, and finds nothing without`(_ once: OnceKey?)
        async throws
    {
        try await VideoStage.with { stage async throws in
            let id = try await stage.announce().upload.upload.id
            for attempt in 0..<3 {
                let code = await failureCode { try await stage.library.abandon(id, by: stage.owner, once) }
                #expect(code == (attempt > 0 && once == nil ? "not_found" : nil))
            }
            #expect(try await stage.react().count == 1)
            #expect(try await stage.isEmpty())
        }
    }

    @Test func `what is complete cannot be abandoned`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            _ = try await stage.complete(announced, try await stage.send(announced))
            let code = await failureCode {
                try await stage.library.abandon(announced.upload.upload.id, by: stage.owner, nil)
            }
            #expect(code == "upload_completed")
            #expect(try await stage.keys().count == 1)
        }
    }

    @Test func `an upload expires at its time and leaves nothing`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            let parts = try await stage.send(announced)
            let reference = UploadReference(
                tenant: stage.owner.tenant, upload: announced.upload.upload.id)
            stage.clock.advance(by: .seconds(3_600) - .milliseconds(1))
            #expect(try await stage.library.expiredUploads(limit: 10).isEmpty)
            try await stage.library.expire(reference)
            #expect(try await stage.usage().openUploads == 1)
            stage.clock.advance(by: .milliseconds(2))
            #expect(await failureCode { _ = try await stage.complete(announced, parts) } == "upload_expired")
            let late = await failureCode {
                _ = try await stage.library.partURLs(reference.upload, numbers: [1], stage.owner)
            }
            #expect(late == "upload_expired")
            #expect(try await stage.library.expiredUploads(limit: 10) == [reference])
            for _ in 0..<2 { try await stage.library.expire(reference) }
            #expect(try await stage.react().map(\.type) == [VideoDeleted.type])
            #expect(try await stage.isEmpty())
            #expect(try await stage.library.expiredUploads(limit: 10).isEmpty)
        }
    }

    @Test func `a completed upload does not expire`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            _ = try await stage.complete(announced, try await stage.send(announced))
            stage.clock.advance(by: .seconds(7_200))
            #expect(try await stage.library.expiredUploads(limit: 10).isEmpty)
            try await stage.library.expire(
                UploadReference(tenant: stage.owner.tenant, upload: announced.upload.upload.id))
            #expect(try await stage.video(announced.video.id)?.state == .processing)
        }
    }

    @Test func `a completion that died behind the object store is finished by who looks`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            let id = announced.upload.upload.id
            let references = try await stage.send(announced)
            _ = try await stage.objects.complete(
                announced.upload.upload.multipart(in: stage.owner.tenant), parts: references)
            let seen = try await withThrowingTaskGroup(of: VideoLibrary.UploadView.self) { group in
                for _ in 0..<4 { group.addTask { try await stage.library.upload(id, stage.owner) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for view in seen {
                #expect(view.upload.state == .completed)
                #expect(view.parts.isEmpty, "there is nothing to send to")
            }
            #expect(try await stage.video(announced.video.id)?.state == .processing)
            #expect(try await stage.complete(announced, []).id == announced.video.id)
            #expect(try await stage.react().map(\.type) == [VideoUploaded.type])
            #expect(try await stage.usage() == VideoUsage(bytes: 2_000, openUploads: 0))
        }
    }

    /// Where in the completion the deletion falls.
    enum Moment: CaseIterable { case beforeTheObject, afterTheObject }

    @Test(arguments: Moment.allCases)
    func `deleted and cleaned up while it is completed, a video leaves nothing`(_ moment: Moment) async throws
    {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            let references = try await stage.send(announced)
            let delete: @Sendable () async throws -> Void = {
                try await stage.library.delete(announced.video.id, by: stage.owner, nil)
                try await stage.react()
            }
            let nothing: @Sendable () async throws -> Void = {}
            let parts = InterruptedParts(
                store: stage.objects, before: moment == .beforeTheObject ? delete : nothing,
                after: moment == .afterTheObject ? delete : nothing)
            let code = await failureCode {
                _ = try await stage.library(parts: parts).complete(
                    announced.upload.upload.id, parts: references, by: stage.owner, nil)
            }
            #expect(code != nil)
            try await stage.react()
            #expect(try await stage.isEmpty())
            #expect(try await stage.jobs.depth(of: Transcoding.jobKind).waiting == 0)
        }
    }

    @Test func `completing and abandoning or deleting at once leave a whole video or nothing`()
        async throws
    {
        for round in 0..<12 {
            try await VideoStage.with { stage async throws in
                let announced = try await stage.announce()
                let parts = try await stage.send(announced)
                let id = announced.upload.upload.id
                async let completion = failureCode { _ = try await stage.complete(announced, parts) }
                async let ending = failureCode {
                    if round % 2 == 0 { return try await stage.library.abandon(id, by: stage.owner, nil) }
                    try await stage.library.delete(announced.video.id, by: stage.owner, nil)
                }
                async let reaction = failureCode { try await stage.react() }
                let codes = await [completion, ending, reaction]
                try await stage.react()
                if let video = try await stage.video(announced.video.id) {
                    #expect(video.state == .processing, "\(codes)")
                    #expect(try await stage.keys().count == 1)
                    #expect(try await stage.usage() == VideoUsage(bytes: 2_000, openUploads: 0))
                    try await stage.library.delete(video.id, by: stage.owner, nil)
                    try await stage.react()
                }
                #expect(try await stage.isEmpty(), "\(codes)")
            }
        }
    }
}

/// A store that lets something happen around the completion of an upload.
private struct InterruptedParts: MultipartStore {
    let store: any MultipartStore
    let before: @Sendable () async throws -> Void
    let after: @Sendable () async throws -> Void

    func begin(_ upload: MultipartUpload) async throws -> String { try await store.begin(upload) }

    func partURL(_ upload: MultipartUpload, number: Int, expiry: Timestamp) throws -> SignedURL {
        try store.partURL(upload, number: number, expiry: expiry)
    }

    func parts(of upload: MultipartUpload) async throws -> [UploadedPart] {
        try await store.parts(of: upload)
    }

    func complete(_ upload: MultipartUpload, parts: [UploadedPart.Reference]) async throws -> ObjectStat {
        try await before()
        let stat = try await store.complete(upload, parts: parts)
        try await after()
        return stat
    }

    func abort(_ upload: MultipartUpload) async throws { try await store.abort(upload) }
}
