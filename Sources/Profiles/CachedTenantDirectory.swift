import Kernel

/// Placements kept for a moment: every request asks for one, and they change when a tenant moves.
struct CachedTenantDirectory: TenantDirectory {
    /// How long a move may go unnoticed here.
    private static let lifetime: Duration = .seconds(5)

    let base: any TenantDirectory
    let cache: any Cache

    func placement(of tenant: TenantID) async throws -> TenantPlacement? {
        let key = "placement/\(tenant)"
        // A cache that is gone costs time, not the answer.
        if let known = try? await cache.get(key),
            let placement = try? JSON.decode(TenantPlacement.self, known)
        {
            return placement
        }
        guard let placement = try await base.placement(of: tenant) else { return nil }
        try? await cache.set(key, JSON.encode(placement), lifetime: Self.lifetime)
        return placement
    }
}
