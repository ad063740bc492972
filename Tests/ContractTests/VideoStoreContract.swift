import Kernel
import Testing

@testable import Videos

/// What every `VideoStore` promises about the values in it.
@Suite struct VideoStoreContract {
    @Test(arguments: VideoStoreAdapter.all)
    func `an empty store has nothing and uses nothing`(_ adapter: VideoStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            try await stage.store.read(TenantID()) { reader throws in
                #expect(try reader.video(VideoID()) == nil)
                #expect(try reader.videos(PageRequest(limit: 10), state: nil).items.isEmpty)
                #expect(try reader.upload(UploadID()) == nil)
                #expect(try reader.uploads(of: VideoID()).isEmpty)
                #expect(try reader.usage() == VideoUsage(bytes: 0, openUploads: 0))
            }
            #expect(try await stage.store.expiredUploads(before: .now(), limit: 10).isEmpty)
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `what was saved is read back as it was, and saving again replaces`(_ adapter: VideoStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            for state in Video.State.allCases {
                let video = Video.sample(state: state)
                for version in [video, video.changed(to: .failed), video] {
                    try await stage.write(tenant) { try $0.save(version) }
                    #expect(try await stage.store.read(tenant) { try $0.video(video.id) } == version)
                }
            }
            var upload = Upload.sample()
            for _ in 0..<2 {
                let saved = upload
                try await stage.write(tenant) { try $0.save(saved) }
                #expect(try await stage.store.read(tenant) { try $0.upload(saved.id) } == saved)
                upload.complete()
            }
            for usage in [VideoUsage(bytes: 1 << 50, openUploads: 7), VideoUsage(bytes: 0, openUploads: 0)] {
                try await stage.write(tenant) { try $0.save(usage) }
                #expect(try await stage.store.read(tenant) { try $0.usage() } == usage)
            }
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `a transaction sees its own changes`(_ adapter: VideoStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let video = Video.sample()
            let upload = Upload.sample(of: video.id)
            try await stage.write(TenantID()) { writer in
                try writer.save(video)
                try writer.save(upload)
                try writer.save(VideoUsage(bytes: 1, openUploads: 1))
                #expect(try writer.video(video.id) == video)
                #expect(try writer.uploads(of: video.id) == [upload])
                #expect(try writer.usage() == VideoUsage(bytes: 1, openUploads: 1))
                try writer.remove(video.id)
                #expect(try writer.video(video.id) == nil)
                #expect(try writer.upload(upload.id) == nil)
            }
        }
    }

    @Test(arguments: VideoStoreAdapter.all, [PageRequest.Order.newestFirst, .oldestFirst])
    func `videos are listed by age in pages, of all states but awaiting upload, or of one`(
        _ adapter: VideoStoreAdapter, _ order: PageRequest.Order
    ) async throws {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            let states: [Video.State] = [
                .ready, .awaitingUpload, .processing, .ready, .failed, .awaitingUpload, .ready,
            ]
            let videos = states.map { Video.sample(state: $0) }
            try await stage.write(tenant) { writer in for video in videos { try writer.save(video) } }
            for state in [nil] + Video.State.allCases.map(Optional.some) {
                let wanted = videos.filter { state == nil ? $0.state != .awaitingUpload : $0.state == state }
                let expected = order == .oldestFirst ? wanted : wanted.reversed()
                #expect(try await stage.list(tenant, state, order) == expected)
            }
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `a removed video goes with its uploads, others stay`(_ adapter: VideoStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, gone, kept) = (TenantID(), Video.sample(), Video.sample())
            let uploads = [gone.id, gone.id, kept.id].map { Upload.sample(of: $0) }
            try await stage.write(tenant) { writer in
                for video in [gone, kept] { try writer.save(video) }
                for upload in uploads { try writer.save(upload) }
                try writer.remove(gone.id)
                try writer.remove(VideoID())
            }
            try await stage.store.read(tenant) { reader throws in
                #expect(try reader.videos(PageRequest(limit: 10), state: nil).items == [kept])
                #expect(try uploads.map { try reader.upload($0.id) != nil } == [false, false, true])
                #expect(try reader.uploads(of: gone.id).isEmpty)
            }
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `another tenant's reads and writes find and change nothing`(_ adapter: VideoStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (mine, theirs) = (TenantID(), TenantID())
            let video = Video.sample()
            let upload = Upload.sample(of: video.id)
            try await stage.write(mine) { writer in
                try writer.save(video)
                try writer.save(upload)
                try writer.save(VideoUsage(bytes: 5, openUploads: 1))
            }
            try await stage.write(theirs) { writer in
                #expect(try writer.video(video.id) == nil)
                #expect(try writer.upload(upload.id) == nil)
                #expect(try writer.uploads(of: video.id).isEmpty)
                #expect(try writer.videos(PageRequest(limit: 10), state: nil).items.isEmpty)
                #expect(try writer.usage() == VideoUsage(bytes: 0, openUploads: 0))
                try writer.save(video.changed(to: .failed))
                try writer.save(VideoUsage(bytes: 9, openUploads: 9))
                try writer.remove(video.id)
            }
            try await stage.store.read(mine) { reader throws in
                #expect(try reader.video(video.id) == video)
                #expect(try reader.upload(upload.id) == upload)
                #expect(try reader.usage() == VideoUsage(bytes: 5, openUploads: 1))
            }
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `expired uploads are the open ones of any tenant whose time is over, oldest first`(
        _ adapter: VideoStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let now = Timestamp(milliseconds: 10_000)
            var expected: [UploadReference] = []
            for (milliseconds, isOpen) in [
                (9_000, true), (3_000, true), (5_000, false), (10_001, true), (6_000, true),
            ] {
                let tenant = TenantID()
                var upload = Upload.sample(expiresAt: Timestamp(milliseconds: Int64(milliseconds)))
                if !isOpen { upload.complete() }
                let saved = upload
                try await stage.write(tenant) { try $0.save(saved) }
                expected.append(UploadReference(tenant: tenant, upload: saved.id))
            }
            let oldestFirst = [expected[1], expected[4], expected[0]]
            #expect(try await stage.store.expiredUploads(before: now, limit: 10) == oldestFirst)
            #expect(
                try await stage.store.expiredUploads(before: now, limit: 2) == Array(oldestFirst.prefix(2)))
        }
    }
}

extension VideoStoreStage {
    /// All pages, two videos each.
    fileprivate func list(_ tenant: TenantID, _ state: Video.State?, _ order: PageRequest.Order) async throws
        -> [Video]
    {
        var (listed, after): ([Video], UUIDv7?) = ([], nil)
        repeat {
            let request = PageRequest(limit: 2, after: after, order: order)
            let page = try await store.read(tenant) { try $0.videos(request, state: state) }
            #expect(page.items.count <= 2)
            listed += page.items
            after = page.next
        } while after != nil
        return listed
    }
}
