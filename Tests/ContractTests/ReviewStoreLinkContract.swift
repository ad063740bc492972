import Kernel
import Testing

@testable import Videos

/// What every `ReviewStore` promises of links for guests.
@Suite struct ReviewStoreLinkContract {
    private struct Refusal: Error {}
    private static let time = Timestamp(milliseconds: 1_800_000_000_500)

    @Test(arguments: ReviewStoreAdapter.all)
    func `links are read back without their secrets, which are apart`(_ adapter: ReviewStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), VideoID())
            var open = ShareLink.sample(of: video)
            let locked = ShareLink.sample(of: video, maximumViews: 3, hasPassword: true)
            let made = open
            try await stage.write(tenant) { writer in
                try writer.insert(made, passwordHash: nil)
                try writer.insert(locked, passwordHash: "scrypt$...")
            }
            try open.view(at: open.createdAt)
            _ = open.revoke(at: Self.time)
            let changed = open
            try await stage.write(tenant) { try $0.save(changed) }
            try await stage.store.read(tenant) { reader throws in
                #expect(try reader.share(changed.id) == changed)
                #expect(try reader.share(locked.id) == locked)
                #expect(try reader.passwordHash(of: locked.id) == "scrypt$...")
                #expect(try reader.passwordHash(of: changed.id) == nil)
                #expect(try reader.shares(of: video, PageRequest(limit: 10)).items == [locked, changed])
                #expect(try reader.shares(of: video, PageRequest(limit: 1)).next == locked.id.uuid)
                #expect(try reader.shares(of: VideoID(), PageRequest(limit: 10)).items.isEmpty)
                #expect(try reader.share(ShareID()) == nil && reader.passwordHash(of: ShareID()) == nil)
            }
        }
    }

    @Test(arguments: ReviewStoreAdapter.all)
    func `twenty who come at once by a link of five views are let in five times`(
        _ adapter: ReviewStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, link) = (TenantID(), ShareLink.sample(of: VideoID(), maximumViews: 5))
            try await stage.write(tenant) {
                try $0.insert(link, passwordHash: nil)
            }
            let admitted = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        await failureCode {
                            try await stage.write(tenant) { writer in
                                guard var share = try writer.share(link.id) else { throw Refusal() }
                                try share.view(at: link.createdAt)
                                try writer.save(share)
                            }
                        }
                    }
                }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(admitted.filter { $0 == nil }.count == 5)
            #expect(admitted.filter { $0 == "share_ended" }.count == 15, "\(admitted)")
            #expect(try await stage.store.read(tenant) { try $0.share(link.id)?.views } == 5)
        }
    }
}
