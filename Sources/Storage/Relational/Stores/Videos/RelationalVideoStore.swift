package import Kernel
package import Videos

/// Videos and uploads in the relational store.
package struct RelationalVideoStore: VideoStore {
    private let database: Database
    /// Each database that may hold rows of tenants.
    private let parts: [Database]

    /// Clean-up looks through `parts`, where tenants are in more databases than one.
    package init(_ database: Database, parts: [Database] = []) {
        self.database = database
        self.parts = parts.isEmpty ? [database] : parts
    }

    package func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any VideoReader) throws -> Value
    ) async throws -> Value {
        try await database.read(tenant) { try body(VideoRows(rows: $0)) }
    }

    package func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any VideoWriter) throws -> Value
    ) async throws -> Value {
        try await database.write(context) { try body(VideoTransaction(transaction: $0)) }
    }

    package func expiredUploads(before time: Timestamp, limit: Int) async throws -> [UploadReference] {
        var found: [Expired] = []
        var failure: (any Error)?
        var answers = 0
        // One that is away keeps its own uploads from expiring, not those of others.
        for part in parts {
            do {
                found += try await Self.expired(in: part, before: time, limit)
                answers += 1
            } catch {
                failure = error
            }
        }
        if let failure, answers == 0 { throw failure }
        return found.sorted { $0.at < $1.at }.prefix(limit).map(\.upload)
    }

    private typealias Expired = (upload: UploadReference, at: Timestamp)

    private static func expired(
        in part: Database, before time: Timestamp, _ limit: Int
    ) async throws -> [Expired] {
        try await part.readAllTenants { reader in
            try reader.select(
                "tenant_id, id, expires_at", from: .allUploads,
                where: "state = 'open' AND expires_at <= \(time)",
                then: "ORDER BY expires_at LIMIT \(limit)"
            ) { (UploadReference(tenant: try $0.next(), upload: try $0.next()), try $0.next(Timestamp.self)) }
        }
    }
}

extension TenantTable {
    static let videos = TenantTable("videos")
    static let uploads = TenantTable("uploads")
    static let videoUsage = TenantTable("video_usage")
}

extension SystemTable {
    /// For the clean-up alone, which works through all tenants.
    static let allUploads = SystemTable("uploads")
}
