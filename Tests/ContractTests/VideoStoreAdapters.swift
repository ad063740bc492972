import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

@testable import Videos

/// Where a contract test of `VideoStore` plays: an empty store, and what has been told.
struct VideoStoreStage: Sendable {
    let store: any VideoStore
    /// Events of committed writes, in order.
    let published: @Sendable () async throws -> [Event]
}

/// An adapter under the contract.
struct VideoStoreAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (VideoStoreStage) async throws -> Void) async throws -> Void

    static let all = [sqlite] + (TestPostgres.isAvailable ? [postgres, schemas, databases] : [])

    private static let sqlite = VideoStoreAdapter(testDescription: "relational on SQLite") { test in
        try await TestDatabase.with { file in
            let database = file.database()
            try await test(
                VideoStoreStage(store: RelationalVideoStore(database)) {
                    try await Outbox(database).oldest(1_000).map(\.event)
                })
        }
    }

    private static let postgres = VideoStoreAdapter(testDescription: "relational on Postgres") { test in
        try await TestPostgres.with { file in
            try await file.withDriver { driver in
                let database = Database(driver: driver)
                try await test(
                    VideoStoreStage(store: RelationalVideoStore(database)) {
                        try await Outbox(database).oldest(1_000).map(\.event)
                    })
            }
        }
    }

    private static let schemas = VideoStoreAdapter(testDescription: "Postgres, a schema per tenant") { test in
        try await TestPostgres.with { file in
            try await file.withDriver(lookUp: { _ in .schema }) { driver in
                let database = Database(driver: driver)
                let store = PlacedVideoStore(
                    store: RelationalVideoStore(database), places: PostgresPlaces(file))
                try await test(
                    VideoStoreStage(store: store) { try await Outbox(database).oldest(1_000).map(\.event) })
            }
        }
    }
}

extension VideoStoreAdapter {
    private static let databases = VideoStoreAdapter(testDescription: "Postgres, tenants in databases") {
        test in
        try await DatabaseStage.with(tenants: 2) { databases in
            let store = PlacedVideoStore(
                store: RelationalVideoStore(databases.routed, parts: databases.all.map(\.database)),
                places: DatabasePlaces(databases))
            try await test(VideoStoreStage(store: store) { try await databases.told() })
        }
    }
}

extension Video {
    static func sample(_ title: String = "Title", state: State = .processing) -> Video {
        let announcement = VideoAnnouncement(
            title: title, filename: "ä b.mp4", bytes: 1 << 40, contentType: "video/mp4",
            sha256: String(repeating: "a", count: 64))
        let time = Timestamp(milliseconds: 1_800_000_000_123)
        return Video(
            id: VideoID(), announcement: announcement, createdBy: UserID(), createdAt: time,
            status: Status(
                state: state, progress: 0, durationSeconds: nil, width: nil, height: nil, failure: nil,
                renditions: [], isPlayable: false, hasPoster: false, hasThumbnails: false, updatedAt: time))
    }

    /// The same video with nothing in its status as it was.
    func changed(to state: State) -> Video {
        let announcement = VideoAnnouncement(
            title: "Ünïcode 🦆 'quoted'", filename: filename, bytes: bytes, contentType: contentType,
            sha256: sha256)
        return Video(
            id: id, announcement: announcement, createdBy: createdBy, createdAt: createdAt,
            status: Status(
                state: state, progress: 0.123456789, durationSeconds: 12.5, width: 1280, height: 720,
                failure: MediaFailure(.corrupt, "It is torn."),
                renditions: [
                    Rendition(name: "720p", width: 1280, height: 720, bandwidth: 1, codecs: "avc1,mp4a")
                ], isPlayable: true, hasPoster: true, hasThumbnails: true,
                updatedAt: createdAt + .seconds(60)))
    }
}

extension Upload {
    static func sample(
        of video: VideoID = VideoID(), expiresAt: Timestamp = Timestamp(milliseconds: 2_000)
    ) -> Upload {
        Upload(
            id: UploadID(), video: video, bytes: 1 << 40, partBytes: 1 << 23, contentType: "video/mp4",
            createdBy: UserID(), createdAt: Timestamp(milliseconds: 1_000), expiresAt: expiresAt)
    }
}

extension VideoStoreStage {
    /// A write that answers nothing of interest.
    func write(
        _ tenant: TenantID, once: OnceKey? = nil, _ body: @escaping @Sendable (any VideoWriter) throws -> Void
    ) async throws {
        _ = try await store.write(WriteContext(tenant: tenant, once: once)) { writer in
            try body(writer)
            return true
        }
    }
}
