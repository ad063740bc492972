package import Kernel

extension RelationalTenantDirectory {
    /// All tenants, for work that goes through each of them.
    package func tenants(_ page: PageRequest) async throws -> Page<TenantID> {
        let isDescending = page.order == .newestFirst
        let condition = page.after.map { after -> SQLText in
            isDescending ? "tenant_id < \(after)" : "tenant_id > \(after)"
        }
        let direction: SQLText = isDescending ? "DESC" : "ASC"
        let found = try await database.readSystem { reader in
            try reader.select(
                "tenant_id", from: .directory,
                where: condition.map { "claim IS NULL AND \($0)" } ?? "claim IS NULL",
                then: "ORDER BY tenant_id \(direction) LIMIT \(page.limit + 1)"
            ) { try $0.next(TenantID.self) }
        }
        return Page(reading: found, limit: page.limit, key: \.uuid)
    }
}
