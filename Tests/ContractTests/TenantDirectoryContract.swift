import Identity
import Kernel
import Testing

/// What every `TenantDirectory` promises; adapters come with those of `IdentityStore`, which fills them.
@Suite struct TenantDirectoryContract {
    @Test(arguments: IdentityStoreAdapter.all)
    func `an unknown tenant has no placement`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            #expect(try await stage.directory.placement(of: TenantID()) == nil)
            #expect(try await stage.directory.placement(of: .nobody) == nil)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `each tenant has the placement that it was added with`(_ adapter: IdentityStoreAdapter) async throws
    {
        try await adapter.run { stage async throws in
            let placements: [TenantPlacement] = [
                .sample, TenantPlacement(region: "us", shard: 0, isolation: .shared, epoch: 1),
                TenantPlacement(region: "eu", shard: 1_000, isolation: .database, epoch: .max),
            ]
            var tenants: [TenantID] = []
            let possible = placements.filter { stage.isolations.contains($0.isolation) }
            for placement in possible {
                let tenant = Tenant.sample()
                try await stage.write(tenant.id) { try $0.insert(tenant, placement: placement) }
                tenants.append(tenant.id)
            }
            for (tenant, placement) in zip(tenants, possible) {
                let found = try await stage.directory.placement(of: tenant)
                // In which database it is, only the store knows.
                #expect(found == placement.named(found?.database))
            }
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `a placement that the store cannot give is refused`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            for isolation in [TenantPlacement.Isolation.shared, .schema, .database]
            where !stage.isolations.contains(isolation) {
                let tenant = Tenant.sample()
                let refused = await #expect(throws: Failure.self) {
                    try await stage.write(tenant.id) {
                        try $0.insert(
                            tenant,
                            placement: TenantPlacement(region: "eu", shard: 0, isolation: isolation, epoch: 1)
                        )
                    }
                }
                #expect(refused?.code == "isolation_unsupported")
                #expect(try await stage.directory.placement(of: tenant.id) == nil)
            }
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `a tenant is added once`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let tenant = Tenant.sample()
            let placement = stage.placement
            try await stage.write(tenant.id) { try $0.insert(tenant, placement: placement) }
            let first = try await stage.directory.placement(of: tenant.id)
            #expect(first == placement.named(first?.database))
            let again = await #expect(throws: Failure.self) {
                try await stage.write(tenant.id) {
                    try $0.insert(
                        tenant,
                        placement: TenantPlacement(region: "us", shard: 9, isolation: .shared, epoch: 9))
                }
            }
            #expect(again?.kind == .conflict)
            #expect(try await stage.directory.placement(of: tenant.id) == first)
        }
    }
}

extension TenantPlacement {
    fileprivate func named(_ database: String?) -> TenantPlacement {
        TenantPlacement(
            region: region, shard: shard, isolation: isolation, database: database, epoch: epoch)
    }
}
