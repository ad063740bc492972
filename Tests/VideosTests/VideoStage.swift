import Crypto
import FileObjects
import Foundation
import InProcess
import Kernel
import Memory
import NIOCore
import Relational
import TestDatabase
import Videos

/// The context as `seed` puts it together, in a folder and a database of its own, with a clock that tests move.
struct VideoStage: Sendable {
    let folder: String
    let database: Database
    let store: any VideoStore
    let objects: any ObjectStore & MultipartStore & SignedObjectEndpoint
    let jobs: any JobQueue
    let clock: ManualClock
    let owner = Caller(tenant: TenantID(), user: UserID(), role: .owner)

    static func with(_ test: (VideoStage) async throws -> Void) async throws {
        try await TestDatabase.with { file in
            let clock = ManualClock()
            let database = file.database { clock.now }
            let folder = file.folder.path
            let objects = try FileObjectStore(
                .init(
                    root: folder + "/store", signingKey: Array("a key for these tests".utf8),
                    maximumTransfers: 64, minimumFreeBytes: 0),
                now: { clock.now })
            try await test(
                VideoStage(
                    folder: folder, database: database, store: RelationalVideoStore(database),
                    objects: objects, jobs: TableJobQueue(database: database, now: { clock.now }),
                    clock: clock))
        }
    }

    static let limits = VideoLibrary.Limits(
        partBytes: 1 << 20, maximumParts: 100, maximumBytes: 5 << 20, tenantBytes: 8 << 20,
        uploadLifetime: .seconds(3_600), partURLLifetime: .seconds(600), maximumOpenUploads: 3)

    var library: VideoLibrary { library(parts: objects) }

    func library(parts: any MultipartStore) -> VideoLibrary {
        VideoLibrary(
            store: store, parts: parts, objects: objects, limits: Self.limits, now: { [clock] in clock.now })
    }

    var notices: VideoNotices { VideoNotices(MemoryPubSub()) }

    var reactions: VideoReactions {
        VideoReactions(
            jobs: jobs, objects: objects, uploads: objects,
            reviews: RelationalReviewStore(database), notices: notices)
    }

    // MARK: Steps

    func announce(
        bytes: Int64 = 2_000, sha256: String? = nil, by caller: Caller? = nil, once: OnceKey? = nil
    ) async throws -> VideoLibrary.Announced {
        try await library.announce(.sample(bytes: bytes, sha256: sha256), by: caller ?? owner, once)
    }

    /// Sends all parts as the client does, each to its URL.
    func send(_ announced: VideoLibrary.Announced) async throws -> [UploadedPart.Reference] {
        let multipart = announced.upload.upload.multipart(in: owner.tenant)
        var references: [UploadedPart.Reference] = []
        for offer in announced.upload.parts {
            let halves = offer.url.url.split(separator: "?").map(String.init)
            let length = multipart.length(ofPart: offer.number)
            let part = try await objects.receive(
                path: halves[0], query: halves[1], length: length,
                contentType: offer.url.headers["Content-Type"],
                body: OneBuffer(bytes: [UInt8](repeating: UInt8(offer.number), count: Int(length))))
            references.append(.init(number: offer.number, etag: part.etag))
        }
        return references
    }

    /// A video whose bytes have arrived.
    func upload(bytes: Int64 = 2_000, sha256: String? = nil) async throws -> Video {
        let announced = try await announce(bytes: bytes, sha256: sha256)
        let parts = try await send(announced)
        return try await library.complete(announced.upload.upload.id, parts: parts, by: owner, nil)
    }

    func complete(
        _ announced: VideoLibrary.Announced, _ parts: [UploadedPart.Reference], once: OnceKey? = nil
    )
        async throws -> Video
    {
        try await library.complete(announced.upload.upload.id, parts: parts, by: owner, once)
    }

    /// Applies what has been told since the last time, as the consumer of the group does.
    @discardableResult
    func react() async throws -> [Event] {
        let outbox = Outbox(database)
        let logged = try await outbox.oldest(100)
        for one in logged { try await reactions.apply(one.event) }
        try await outbox.remove(logged)
        return logged.map(\.event)
    }

    // MARK: What there is

    func usage() async throws -> VideoUsage { try await store.read(owner.tenant) { try $0.usage() } }

    func video(_ id: VideoID) async throws -> Video? {
        try await store.read(owner.tenant) { try $0.video(id) }
    }

    func keys(_ prefix: String = "videos/") async throws -> [String] {
        try await objects.list(prefix: prefix, after: nil, limit: 1_000)
    }

    func openUploads() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/store/uploads")
    }

    /// Whether neither objects nor parts nor quotas remember anything.
    func isEmpty() async throws -> Bool {
        let usage = try await usage()
        return try await keys().isEmpty && openUploads().isEmpty
            && usage == VideoUsage(bytes: 0, openUploads: 0)
    }
}

extension VideoAnnouncement {
    static func sample(bytes: Int64 = 2_000, sha256: String? = nil) -> VideoAnnouncement {
        VideoAnnouncement(
            title: "Title", filename: "a.mp4", bytes: bytes, contentType: "video/mp4", sha256: sha256)
    }
}

/// The code of the failure that `body` throws; nil if it throws none.
func failureCode(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch let failure as MediaFailure {
        return failure.code.rawValue
    } catch {
        return (error as? Failure)?.code ?? "\(type(of: error))"
    }
}
