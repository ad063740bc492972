package import Kernel

/// Placements of tenants in the relational store.
package struct RelationalTenantDirectory: TenantDirectory {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package func placement(of tenant: TenantID) async throws -> TenantPlacement? {
        try await database.readSystem { reader in
            try reader.first(
                "region, shard, isolation, epoch", from: .directory, where: "tenant_id = \(tenant)"
            ) {
                TenantPlacement(
                    region: try $0.next(), shard: try $0.next(), isolation: try $0.nextCase(),
                    epoch: try $0.next())
            }
        }
    }
}
