package import Kernel
package import Videos

/// Videos and uploads in the relational store.
package struct RelationalVideoStore: VideoStore {
    private let database: Database

    package init(_ database: Database) { self.database = database }

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
        try await database.readAllTenants { reader in
            try reader.select(
                "tenant_id, id", from: .allUploads, where: "state = 'open' AND expires_at <= \(time)",
                then: "ORDER BY expires_at LIMIT \(limit)"
            ) { UploadReference(tenant: try $0.next(), upload: try $0.next()) }
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
