import Identity
import Kernel
import Postgres
import Relational
import Synchronization
import TestDatabase
import Videos

/// Where the tenants of a test live: each is put there before it is first used.
protocol TenantPlaces: Sendable {
    func make(_ tenant: TenantID) async throws
}

/// Gives every tenant that a test uses a schema of its own, before it is first used.
actor PostgresPlaces: TenantPlaces {
    private let file: TestPostgres
    private var making: [TenantID: Task<Void, any Error>] = [:]

    init(_ file: TestPostgres) { self.file = file }

    func make(_ tenant: TenantID) async throws {
        if let task = making[tenant] { return try await task.value }
        let file = file
        let task = Task { _ = try await file.own("SELECT cloudstream_provision('\(tenant)')") }
        making[tenant] = task
        try await task.value
    }
}

struct PlacedIdentityStore: IdentityStore {
    let store: RelationalIdentityStore
    let places: PostgresPlaces

    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any IdentityReader) throws -> Value
    ) async throws -> Value {
        try await places.make(tenant)
        return try await store.read(tenant, body)
    }

    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any IdentityWriter) throws -> Value
    ) async throws -> Value {
        try await places.make(context.tenant)
        return try await store.write(context, body)
    }

    func login(email: String) async throws -> Login? { try await store.login(email: email) }
    func removeSessions(runOutBefore time: Timestamp) async throws -> Int {
        try await store.removeSessions(runOutBefore: time)
    }
}

struct PlacedVideoStore: VideoStore {
    let store: RelationalVideoStore
    let places: any TenantPlaces

    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any VideoReader) throws -> Value
    ) async throws -> Value {
        try await places.make(tenant)
        return try await store.read(tenant, body)
    }

    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any VideoWriter) throws -> Value
    ) async throws -> Value {
        try await places.make(context.tenant)
        return try await store.write(context, body)
    }

    func expiredUploads(before time: Timestamp, limit: Int) async throws -> [UploadReference] {
        try await store.expiredUploads(before: time, limit: limit)
    }
}
