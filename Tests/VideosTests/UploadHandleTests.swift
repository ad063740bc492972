import Kernel
import Synchronization
import Testing

@testable import Videos

/// Uploads at a store that chooses their names itself.
@Suite struct UploadHandleTests {
    @Test func `the store's handle is kept with the upload`() async throws {
        try await VideoStage.with { stage async throws in
            let parts = NamingParts(store: stage.objects)
            let library = stage.library(parts: parts)
            let announced = try await library.announce(.sample(), by: stage.owner, nil)
            let id = announced.upload.upload.id
            #expect(announced.upload.upload.storeHandle == "handle-1")
            #expect(announced.upload.parts.count == 1)
            _ = try await library.upload(id, stage.owner)
            _ = try await library.partURLs(id, numbers: [1], stage.owner)
            let references = try await stage.send(announced)
            _ = try await library.complete(id, parts: references, by: stage.owner, nil)
            #expect(parts.used == ["handle-1"])
            let stored = try await stage.store.read(stage.owner.tenant) { try $0.upload(id) }
            #expect(stored?.storeHandle == "handle-1")
            #expect(stored?.state == .completed)
        }
    }

    @Test func `an announcement that is repeated does not begin again`() async throws {
        try await VideoStage.with { stage async throws in
            let parts = NamingParts(store: stage.objects)
            let once = OnceKey(scope: "s", key: "k")
            let library = stage.library(parts: parts)
            let first = try await library.announce(.sample(), by: stage.owner, once)
            let second = try await library.announce(.sample(), by: stage.owner, once)
            #expect(second.upload.upload == first.upload.upload)
            #expect(parts.begun == 1)
        }
    }

    @Test func `of two that begin at once one is kept and the other aborted`() async throws {
        try await VideoStage.with { stage async throws in
            let parts = NamingParts(store: stage.objects)
            let once = OnceKey(scope: "s", key: "k")
            let library = stage.library(parts: parts)
            parts.waitsFor(2)
            async let first = library.announce(.sample(), by: stage.owner, once)
            async let second = library.announce(.sample(), by: stage.owner, once)
            let (one, other) = try await (first, second)
            #expect(one.upload.upload.storeHandle == other.upload.upload.storeHandle)
            #expect(parts.begun == 2)
            let handles = Set(["handle-1", "handle-2"]).subtracting([one.upload.upload.storeHandle])
            #expect(Set(parts.aborted) == handles)
        }
    }

    @Test func `an upload whose handle was lost in a crash is begun when it is looked at`() async throws {
        try await VideoStage.with { stage async throws in
            let announced = try await stage.announce()
            let old = announced.upload.upload
            let lost = Upload(
                id: old.id, video: old.video, bytes: old.bytes, partBytes: old.partBytes,
                contentType: old.contentType, createdBy: old.createdBy, createdAt: old.createdAt,
                expiresAt: old.expiresAt)
            for step in 0..<2 {
                _ = try await stage.store.write(WriteContext(stage.owner, once: nil)) { writer in
                    try writer.save(lost)
                    return true
                }
                let parts = NamingParts(store: stage.objects)
                let library = stage.library(parts: parts)
                if step == 0 {
                    let view = try await library.upload(old.id, stage.owner)
                    #expect(view.upload.storeHandle == "handle-1")
                } else {
                    _ = try await library.partURLs(old.id, numbers: [1], stage.owner)
                }
                let stored = try await stage.store.read(stage.owner.tenant) { try $0.upload(old.id) }
                #expect(stored?.storeHandle == "handle-1")
            }
        }
    }

    @Test func `an upload that was removed while it began is aborted by its handle`() async throws {
        try await VideoStage.with { stage async throws in
            let parts = NamingParts(store: stage.objects)
            let library = stage.library(parts: parts)
            parts.before {
                let page = try await stage.store.read(stage.owner.tenant) {
                    try $0.videos(PageRequest(limit: 10), state: .awaitingUpload)
                }
                for video in page.items { try await stage.library.delete(video.id, by: stage.owner, nil) }
            }
            let announced = try await library.announce(.sample(), by: stage.owner, nil)
            #expect(announced.upload.parts.isEmpty)
            #expect(parts.aborted == ["handle-1"])
            try await stage.react()
            #expect(try await stage.isEmpty())
        }
    }

    @Test func `the event of a removal carries the handle`() async throws {
        try await VideoStage.with { stage async throws in
            let library = stage.library(parts: NamingParts(store: stage.objects))
            let announced = try await library.announce(.sample(), by: stage.owner, nil)
            try await library.delete(announced.video.id, by: stage.owner, nil)
            let events = try await stage.react()
            let deletion = try #require(events.last).payload(VideoDeleted.self)
            #expect(deletion.openUploads?.map(\.handle) == ["handle-1"])
        }
    }
}

/// A store that gives each upload it begins a new name, over one that does not.
private final class NamingParts: MultipartStore {
    private struct State {
        var begun = 0
        var aborted: [String] = []
        var used: Set<String> = []
        var before: (@Sendable () async throws -> Void)?
        var expected = 0
        var waiting: [Waiting] = []
    }

    private typealias Waiting = (continuation: CheckedContinuation<String, Never>, handle: String)

    private let store: any MultipartStore
    private let state = Mutex(State())

    init(store: any MultipartStore) { self.store = store }

    var begun: Int { state.withLock { $0.begun } }
    var aborted: [String] { state.withLock { $0.aborted } }
    /// By which parts were listed or completed.
    var used: Set<String> { state.withLock { $0.used } }

    func before(_ action: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.before = action }
    }

    /// No `begin` returns before so many have begun.
    func waitsFor(_ count: Int) { state.withLock { $0.expected = count } }

    func begin(_ upload: MultipartUpload) async throws -> String {
        if let before = state.withLock({ $0.before }) { try await before() }
        _ = try await store.begin(upload)
        return await withCheckedContinuation { continuation in
            let freed = state.withLock { state in
                state.begun += 1
                state.waiting.append((continuation, "handle-\(state.begun)"))
                guard state.begun >= state.expected else { return [] as [Waiting] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for waiting in freed { waiting.continuation.resume(returning: waiting.handle) }
        }
    }

    func partURL(_ upload: MultipartUpload, number: Int, expiry: Timestamp) throws -> SignedURL {
        try store.partURL(upload, number: number, expiry: expiry)
    }

    func parts(of upload: MultipartUpload) async throws -> [UploadedPart] {
        note(upload)
        return try await store.parts(of: upload)
    }

    func complete(_ upload: MultipartUpload, parts: [UploadedPart.Reference]) async throws -> ObjectStat {
        note(upload)
        return try await store.complete(upload, parts: parts)
    }

    func abort(_ upload: MultipartUpload) async throws {
        state.withLock { $0.aborted.append(upload.handle ?? "none") }
    }

    private func note(_ upload: MultipartUpload) {
        state.withLock { _ = $0.used.insert(upload.handle ?? "none") }
    }
}
