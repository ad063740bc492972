import Kernel
import TestDatabase
import Testing
import Videos

@Suite struct LibraryTests {
    @Test func `a video goes from announced to processing, and counts in the usage`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce(bytes: 2_500_000)
            #expect(announced.video.state == .awaitingUpload)
            #expect(announced.upload.parts.map(\.number) == [1, 2, 3])
            #expect(try await stage.usage() == VideoUsage(bytes: 2_500_000, openUploads: 1))
            let parts = try await stage.send(announced)
            let upload = try await stage.library.upload(announced.upload.upload.id, stage.owner)
            #expect(upload.received.map(\.number) == [1, 2, 3])
            #expect(upload.parts.isEmpty)
            let video = try await stage.complete(announced, parts)
            #expect(video.state == .processing)
            #expect(try await stage.usage() == VideoUsage(bytes: 2_500_000, openUploads: 0))
            #expect(try await stage.keys().count == 1)
            let events = try await stage.react()
            #expect(events.map(\.type) == [VideoUploaded.type])
            #expect(events.first?.tenant == stage.owner.tenant)
            #expect(try await stage.jobs.depth(of: Transcoding.jobKind).waiting == 1)
        }
    }

    @Test func `the tenant's bytes are bounded, and freed by deleting`() async throws {
        try await VideoStage.with { stage async throws in
            let first = try await stage.upload(bytes: 5 << 20)
            let code = await failureCode { _ = try await stage.announce(bytes: (3 << 20) + 1) }
            #expect(code == "quota_exceeded")
            #expect(await failureCode { _ = try await stage.announce(bytes: (5 << 20) + 1) } == "too_large")
            #expect(try await stage.usage() == VideoUsage(bytes: 5 << 20, openUploads: 0))
            try await stage.library.delete(first.id, by: stage.owner, nil)
            #expect(try await stage.usage().bytes == 0)
            _ = try await stage.announce(bytes: 5 << 20)
        }
    }

    @Test func `open uploads are bounded, also for many at once`() async throws {
        try await VideoStage.with { stage async throws in
            let codes = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<10 { group.addTask { await failureCode { _ = try await stage.announce() } } }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(codes.count { $0 == nil } == 3)
            #expect(codes.count { $0 == "too_many_uploads" } == 7)
            #expect(try await stage.usage() == VideoUsage(bytes: 6_000, openUploads: 3))
        }
    }

    @Test func `announcing again with the same once-key answers the same and reserves once`() async throws {
        try await VideoStage.with { stage async throws in
            let once = OnceKey(scope: "announce", key: "k", digest: "d")
            let first = try await stage.announce(once: once)
            let second = try await stage.announce(once: once)
            #expect(second.video == first.video)
            #expect(second.upload.upload == first.upload.upload)
            #expect(second.upload.parts.map(\.url) == first.upload.parts.map(\.url))
            #expect(try await stage.usage() == VideoUsage(bytes: 2_000, openUploads: 1))
            #expect(try stage.openUploads().count == 1)
        }
    }

    @Test func `an announcement repeated after its video was deleted opens no upload`() async throws {
        try await VideoStage.with { stage async throws in
            let once = OnceKey(scope: "announce", key: "k", digest: "d")
            let announced = try await stage.announce(once: once)
            try await stage.library.delete(announced.video.id, by: stage.owner, nil)
            try await stage.react()
            #expect(try await stage.isEmpty())
            // Whether this answers or refuses: nobody would ever clean up what it opens.
            _ = await failureCode { _ = try await stage.announce(once: once) }
            #expect(try await stage.isEmpty())
        }
    }

    @Test func `only those who may upload do`() async throws {
        try await VideoStage.with { stage async throws in
            let viewer = Caller(tenant: stage.owner.tenant, user: UserID(), role: .viewer)
            #expect(await failureCode { _ = try await stage.announce(by: viewer) } == "forbidden")
            #expect(try await stage.isEmpty())
        }
    }

    @Test func `an upload is its uploader's, and of those who may edit any video`() async throws {
        try await VideoStage.with { stage async throws in
            let uploader = Caller(tenant: stage.owner.tenant, user: UserID(), role: .member)
            let id = try await stage.announce(by: uploader).upload.upload.id
            let member = Caller(tenant: stage.owner.tenant, user: UserID(), role: .member)
            let admin = Caller(tenant: stage.owner.tenant, user: UserID(), role: .admin)
            let stranger = Caller(tenant: TenantID(), user: uploader.user, role: .owner)
            for (caller, code) in [
                (uploader, nil), (admin, nil), (member, "not_found"), (stranger, "not_found"),
            ] {
                #expect(await failureCode { _ = try await stage.library.upload(id, caller) } == code)
            }
            for caller in [member, stranger] {
                let codes = [
                    await failureCode { _ = try await stage.library.partURLs(id, numbers: [1], caller) },
                    await failureCode {
                        _ = try await stage.library.complete(id, parts: [], by: caller, nil)
                    },
                    await failureCode { try await stage.library.abandon(id, by: caller, nil) },
                ]
                #expect(codes == ["not_found", "not_found", "not_found"])
            }
        }
    }

    @Test func `another team's videos are not there`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            let stranger = Caller(tenant: TenantID(), user: stage.owner.user, role: .owner)
            let codes = [
                await failureCode { _ = try await stage.library.video(video.id, stranger) },
                await failureCode {
                    _ = try await stage.library.rename(video.id, to: "x", by: stranger, nil)
                },
                await failureCode { try await stage.library.delete(video.id, by: stranger, nil) },
            ]
            #expect(codes == ["not_found", "not_found", "not_found"])
            let list = try await stage.library.videos(stranger, PageRequest(limit: 10), state: nil)
            #expect(list.items.isEmpty)
            #expect(try await stage.video(video.id)?.title == "Title")
        }
    }

    @Test func `a member edits own videos only`() async throws {
        try await VideoStage.with { stage async throws in
            let video = try await stage.upload()
            let member = Caller(tenant: stage.owner.tenant, user: UserID(), role: .member)
            let codes = [
                await failureCode { _ = try await stage.library.rename(video.id, to: "x", by: member, nil) },
                await failureCode { try await stage.library.delete(video.id, by: member, nil) },
            ]
            #expect(codes == ["forbidden", "forbidden"])
            let admin = Caller(tenant: stage.owner.tenant, user: UserID(), role: .admin)
            #expect(
                try await stage.library.rename(video.id, to: "New\nname", by: admin, nil).title == "New name")
            #expect(try await stage.react().last?.payload(VideoRenamed.self).title == "New name")
        }
    }
}
