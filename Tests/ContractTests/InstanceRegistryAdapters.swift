import Kernel
import Memory
import Relational
import TestDatabase
import Testing

/// Where a contract test of `InstanceDirectory` plays: a directory that holds just the given instances.
struct InstanceDirectoryAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable ([Instance], _ test: (any InstanceDirectory) async throws -> Void) async throws -> Void

    static let all = [relational]

    private static let relational = InstanceDirectoryAdapter(testDescription: "relational in SQLite") {
        instances, test in
        try await InstanceRegistryAdapter.relational.run { stage in
            for instance in instances { try await stage.registry.announce(instance) }
            try await test(stage.registry)
        }
    }
}

/// Where a contract test of `InstanceRegistry` plays: an empty one, and time that it can let pass.
struct InstanceRegistryStage: Sendable {
    let registry: any InstanceRegistry
    let lifetime: Duration
    let pass: @Sendable (Duration) async throws -> Void
}

struct InstanceRegistryAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (InstanceRegistryStage) async throws -> Void) async throws -> Void

    static let all = [relational]

    static let relational = InstanceRegistryAdapter(testDescription: "relational in SQLite") { test in
        let migrations = Migration.all.filter { $0.number != Migration.instances.number } + [.instances]
        try await TestDatabase.with(migrations: migrations) { file in
            let clock = ManualClock()
            let settings = RelationalInstanceRegistry.Settings()
            let registry = RelationalInstanceRegistry(
                file.database { clock.now }, hints: MemoryPubSub(), settings: settings)
            try await test(
                InstanceRegistryStage(
                    registry: registry, lifetime: settings.lifetime, pass: { clock.advance(by: $0) }))
        }
    }
}
