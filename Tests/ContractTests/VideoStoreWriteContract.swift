import Kernel
import Testing

@testable import Videos

/// What every `VideoStore` promises about its writes: whole, once, and with their events.
@Suite struct VideoStoreWriteContract {
    private struct Refusal: Error {}

    @Test(arguments: VideoStoreAdapter.all)
    func `a body that fails changes nothing and publishes nothing`(_ adapter: VideoStoreAdapter) async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, kept, new) = (TenantID(), Video.sample(), Video.sample())
            try await stage.write(tenant) { writer in
                try writer.save(kept)
                try writer.save(VideoUsage(bytes: 1, openUploads: 1))
            }
            await #expect(throws: Refusal.self) {
                try await stage.write(tenant) { writer in
                    try writer.save(new)
                    try writer.save(kept.changed(to: .failed))
                    try writer.save(Upload.sample(of: new.id))
                    try writer.save(VideoUsage(bytes: 9, openUploads: 9))
                    try writer.publish(VideoRenamed(video: new.id, title: "x"), key: "k")
                    try writer.remove(kept.id)
                    throw Refusal()
                }
            }
            try await stage.store.read(tenant) { reader throws in
                #expect(try reader.videos(PageRequest(limit: 10), state: nil).items == [kept])
                #expect(try reader.uploads(of: new.id).isEmpty)
                #expect(try reader.usage() == VideoUsage(bytes: 1, openUploads: 1))
            }
            #expect(try await stage.published().isEmpty)
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `events are told with the write, in its order, tenant and trace`(_ adapter: VideoStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), VideoID())
            _ = try await stage.store.write(WriteContext(tenant: tenant, traceParent: "00-trace")) { writer in
                for title in ["a", "b", "c"] {
                    try writer.publish(VideoRenamed(video: video, title: title), key: video.description)
                }
                return 1
            }
            let events = try await stage.published()
            #expect(try events.map { try $0.payload(VideoRenamed.self).title } == ["a", "b", "c"])
            #expect(
                events.allSatisfy {
                    $0.tenant == tenant && $0.key == video.description && $0.traceParent == "00-trace"
                })
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `a repeated write answers what the first did and changes nothing`(_ adapter: VideoStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            let context = WriteContext(tenant: tenant, once: OnceKey(scope: "route", key: "k", digest: "d"))
            var answers: [Video] = []
            for number in 1...3 {
                answers.append(
                    try await stage.store.write(context) { writer in
                        let video = Video.sample("\(number)")
                        try writer.save(video)
                        try writer.publish(VideoRenamed(video: video.id, title: "x"), key: "k")
                        return video
                    })
            }
            #expect(answers.allSatisfy { $0 == answers[0] })
            let listed = try await stage.store.read(tenant) {
                try $0.videos(PageRequest(limit: 10), state: nil)
            }
            #expect(listed.items == [answers[0]])
            #expect(try await stage.published().count == 1)
            let other = WriteContext(tenant: tenant, once: OnceKey(scope: "route", key: "k", digest: "e"))
            let code = await failureCode { _ = try await stage.store.write(other) { _ in 1 } }
            #expect(code == "idempotency_key_reused")
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `many writes at once each see what was before them`(_ adapter: VideoStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let tenant = TenantID()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 { group.addTask { try await stage.write(tenant) { try $0.countUp() } } }
                try await group.waitForAll()
            }
            #expect(try await stage.store.read(tenant) { try $0.usage().bytes } == 40)
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `a read sees one state, whatever is written meanwhile`(_ adapter: VideoStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, video) = (TenantID(), Video.sample())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 0..<30 {
                        try await stage.write(tenant) { writer in
                            // Usage and video change together or not at all.
                            try writer.save(VideoUsage(bytes: Int64(number % 2), openUploads: 0))
                            if number % 2 == 1 { try writer.save(video) } else { try writer.remove(video.id) }
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<100 {
                        try await stage.store.read(tenant) { reader throws in
                            let bytes = try reader.usage().bytes
                            #expect(try (reader.video(video.id) != nil) == (bytes == 1))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: VideoStoreAdapter.all)
    func `an event is applied once in effect, three times in a row and many times at once`(
        _ adapter: VideoStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, first, second) = (TenantID(), EventID(), EventID())
            for _ in 0..<3 {
                try await stage.write(tenant, once: .event(first, consumer: "one")) { try $0.countUp() }
            }
            #expect(try await stage.store.read(tenant) { try $0.usage().bytes } == 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<30 {
                    let once = OnceKey.event(second, consumer: number % 2 == 0 ? "one" : "two")
                    group.addTask { try await stage.write(tenant, once: once) { try $0.countUp() } }
                }
                try await group.waitForAll()
            }
            #expect(try await stage.store.read(tenant) { try $0.usage().bytes } == 3)
        }
    }
}

extension VideoWriter {
    /// An effect that shows how often it happened.
    fileprivate func countUp() throws {
        var usage = try usage()
        usage.bytes += 1
        try save(usage)
    }
}
