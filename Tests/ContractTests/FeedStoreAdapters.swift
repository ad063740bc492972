import Feed
import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

/// Where a contract test of `FeedStore` and `MailQueue` plays.
struct FeedStoreStage: Sendable {
    let store: any FeedStore & MailQueue
    /// Makes room for a tenant before it is first used.
    let place: @Sendable (TenantID) async throws -> Void

    func tenant() async throws -> TenantID {
        let tenant = TenantID()
        try await place(tenant)
        return tenant
    }
}

/// An adapter under the contract.
struct FeedStoreAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (FeedStoreStage) async throws -> Void) async throws -> Void

    static let all = [sqlite] + (TestPostgres.isAvailable ? [postgres, schemas, databases] : [])

    private static let sqlite = FeedStoreAdapter(testDescription: "relational on SQLite") { test in
        try await TestDatabase.with { file in
            try await test(FeedStoreStage(store: RelationalFeedStore(file.database())) { _ in })
        }
    }

    private static let postgres = FeedStoreAdapter(testDescription: "relational on Postgres") { test in
        try await TestPostgres.with { file in
            try await file.withDriver { driver in
                let store = RelationalFeedStore(Database(driver: driver))
                try await test(FeedStoreStage(store: store) { _ in })
            }
        }
    }

    private static let schemas = FeedStoreAdapter(testDescription: "Postgres, a schema per tenant") { test in
        try await TestPostgres.with { file in
            try await file.withDriver(lookUp: { _ in .schema }) { driver in
                let places = PostgresPlaces(file)
                let store = RelationalFeedStore(Database(driver: driver))
                try await test(FeedStoreStage(store: store) { try await places.make($0) })
            }
        }
    }

    private static let databases = FeedStoreAdapter(testDescription: "Postgres, tenants in databases") {
        test in
        try await DatabaseStage.with(tenants: 2) { databases in
            let places = DatabasePlaces(databases)
            let store = RelationalFeedStore(databases.routed, parts: databases.all.map(\.database))
            try await test(FeedStoreStage(store: store) { try await places.make($0) })
        }
    }
}

extension Activity {
    static func sample(
        _ kind: Kind = .videoUploaded, at: Timestamp = .now(), place: FeedPlace = FeedPlace(video: UUIDv7()),
        excerpt: String? = nil
    ) -> Activity {
        Activity(
            id: ActivityID(), kind, by: UserID(), at: at, place: place,
            wording: Wording(title: "Ünïcode 🦆 'quoted'", excerpt: excerpt))
    }

    /// Something said in a room.
    static func said(_ text: String, in room: UUIDv7, at: Timestamp) -> Activity {
        sample(.messagesSent, at: at, place: FeedPlace(room: room, message: UUIDv7()), excerpt: text)
    }
}

extension Notification {
    static func sample(
        _ kind: Kind = .mention, place: FeedPlace = FeedPlace(video: UUIDv7(), seconds: 1.5),
        at: Timestamp = .now()
    ) -> Notification {
        Notification(
            id: NotificationID(), kind, by: UserID(), at: at, place: place,
            wording: Wording(title: "Film", excerpt: "see <@\(UserID())>"))
    }
}

extension FeedStoreStage {
    @discardableResult
    func apply(
        _ changes: FeedChange..., in tenant: TenantID, at time: Timestamp = .now(), mails: Bool = true
    ) async throws -> FeedOutcome {
        try await store.apply(changes, in: tenant, at: time, mails: mails)
    }

    func activities(_ tenant: TenantID) async throws -> [Activity] {
        try await store.activities(PageRequest(limit: 100), in: tenant).items
    }

    func notifications(
        _ user: UserID, _ tenant: TenantID, unreadOnly: Bool = false
    ) async throws -> [Notification] {
        try await store.notifications(
            PageRequest(limit: 100), of: user, unreadOnly: unreadOnly, in: tenant
        ).items
    }

    /// Mails of one tenant that are due, which nobody gets again within the lease; others' are not touched for long.
    func claim(_ tenant: TenantID, at time: Timestamp = .now(), lease: Duration = .seconds(60)) async throws
        -> [QueuedMail]
    {
        try await store.claim(100, lease: lease, at: time).filter { $0.tenant == tenant }
    }
}
