/// Where a tenant lives. Every request is resolved through it, on one machine too.
package protocol TenantDirectory: Sendable {
    /// Nil if there is no such tenant.
    func placement(of tenant: TenantID) async throws -> TenantPlacement?
}

package struct TenantPlacement: Sendable, Equatable, Codable {
    package let region: String
    package let shard: Int
    package let isolation: Isolation
    /// The database that holds the tenant's rows, by the name that the deployment gives it; nil for the one at home.
    package let database: String?
    /// Grows at every move; a store that has seen a later one refuses writes of an earlier one.
    package let epoch: Int64

    package enum Isolation: String, Sendable, Codable {
        case shared, schema, database
    }

    package init(
        region: String, shard: Int, isolation: Isolation, database: String? = nil, epoch: Int64
    ) {
        self.region = region
        self.shard = shard
        self.isolation = isolation
        self.database = database
        self.epoch = epoch
    }
}
