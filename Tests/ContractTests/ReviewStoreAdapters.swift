import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

@testable import Videos

/// Where a contract test of `ReviewStore` plays, beside the videos that it reviews.
struct ReviewStoreStage: Sendable {
    let store: any ReviewStore
    let videos: any VideoStore
    /// Events of committed writes, in order.
    let published: @Sendable () async throws -> [Event]

    /// A write that answers nothing of interest.
    func write(
        _ tenant: TenantID, _ body: @escaping @Sendable (any ReviewWriter) throws -> Void
    ) async throws {
        _ = try await store.write(WriteContext(tenant: tenant)) { writer in
            try body(writer)
            return true
        }
    }

    func save(_ video: Video, _ tenant: TenantID) async throws {
        _ = try await videos.write(WriteContext(tenant: tenant)) { writer in
            try writer.save(video)
            return true
        }
    }
}

/// An adapter under the contract.
struct ReviewStoreAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (ReviewStoreStage) async throws -> Void) async throws -> Void

    static let all = [sqlite] + (TestPostgres.isAvailable ? [postgres, schemas] : [])

    private static let sqlite = ReviewStoreAdapter(testDescription: "relational on SQLite") { test in
        try await TestDatabase.with { file in try await test(stage(file.database())) }
    }

    private static let postgres = ReviewStoreAdapter(testDescription: "relational on Postgres") { test in
        try await TestPostgres.with { file in
            try await file.withDriver { try await test(stage(Database(driver: $0))) }
        }
    }

    private static let schemas = ReviewStoreAdapter(testDescription: "Postgres, a schema per tenant") {
        test in
        try await TestPostgres.with { file in
            try await file.withDriver(lookUp: { _ in .schema }) { driver in
                let (database, places) = (Database(driver: driver), PostgresPlaces(file))
                let store = PlacedReviewStore(store: RelationalReviewStore(database), places: places)
                let videos = PlacedVideoStore(store: RelationalVideoStore(database), places: places)
                try await test(
                    ReviewStoreStage(store: store, videos: videos) {
                        try await Outbox(database).oldest(1_000).map(\.event)
                    })
            }
        }
    }

    private static func stage(_ database: Database) -> ReviewStoreStage {
        ReviewStoreStage(store: RelationalReviewStore(database), videos: RelationalVideoStore(database)) {
            try await Outbox(database).oldest(1_000).map(\.event)
        }
    }
}

struct PlacedReviewStore: ReviewStore {
    let store: RelationalReviewStore
    let places: any TenantPlaces

    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any ReviewReader) throws -> Value
    ) async throws -> Value {
        try await places.make(tenant)
        return try await store.read(tenant, body)
    }

    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any ReviewWriter) throws -> Value
    ) async throws -> Value {
        try await places.make(context.tenant)
        return try await store.write(context, body)
    }
}

extension Videos.Comment {
    static func sample(
        of video: VideoID, parent: CommentID? = nil, author: Author = .member(UserID()),
        resolution: Resolution? = nil
    ) -> Videos.Comment {
        Videos.Comment(
            id: CommentID(),
            place: .init(video: video, parent: parent, atSeconds: 12.345678, untilSeconds: 20.5),
            author: author, createdAt: Timestamp(milliseconds: 1_800_000_000_123),
            content: .init(
                body: "Ünï 'quoted' 🦆\nline", mentions: [UserID(), UserID()],
                drawing: Drawing(strokes: [
                    .init(color: "#ff8800", width: 0.01, points: [.init(0, 0.5), .init(1, 0.12346)])
                ]), resolution: resolution))
    }
}

extension ShareLink {
    static func sample(of video: VideoID, maximumViews: Int? = nil, hasPassword: Bool = false) -> ShareLink {
        let time = Timestamp(milliseconds: 1_800_000_000_123)
        return ShareLink(
            id: ShareID(), video: video, createdBy: UserID(), createdAt: time,
            terms: .init(
                expiresAt: time + .seconds(60), hasPassword: hasPassword, maximumViews: maximumViews,
                allowsComments: true))
    }
}
