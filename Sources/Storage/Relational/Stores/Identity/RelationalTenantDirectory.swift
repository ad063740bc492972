package import Kernel

/// Placements of tenants in the relational store.
package struct RelationalTenantDirectory: TenantDirectory {
    let database: Database

    package init(_ database: Database) { self.database = database }

    package func placement(of tenant: TenantID) async throws -> TenantPlacement? {
        try await database.readSystem { reader in
            try reader.first(
                "region, shard, isolation, database_name, epoch", from: .directory,
                where: "tenant_id = \(tenant) AND claim IS NULL"
            ) {
                TenantPlacement(
                    region: try $0.next(), shard: try $0.next(), isolation: try $0.nextCase(),
                    database: try $0.nextIfPresent(), epoch: try $0.next())
            }
        }
    }
}

extension SQLConnection {
    /// How a tenant is kept apart from others; nil if there is no such tenant.
    package func isolation(of tenant: TenantID) throws -> TenantPlacement.Isolation? {
        try SystemReader(connection: self, scope: ()).first(
            "isolation", from: .directory, where: "tenant_id = \(tenant)"
        ) { try $0.nextCase() }
    }
}
