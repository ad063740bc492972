import Dispatch
import Kernel
import Synchronization
import TestDatabase
import Testing

@testable import Identity
@testable import Postgres
@testable import Relational

/// A database at home and some for tenants, and processes that use them.
struct DatabaseHouse: Sendable {
    /// Home first.
    let files: [TestPostgres]
    private let drivers: [PostgresDriver]
    let databases: TenantDatabases

    static func with(tenants count: Int, _ body: (DatabaseHouse) async throws -> Void) async throws {
        try await TestPostgres.withSeveral(count + 1) { files in
            let inShared: TenantPlacements.LookUp = { _ in .shared }
            let drivers = try files.enumerated().map { index, file in
                // Of the primary alone: what replicas show is not the matter here.
                let url = try PostgresDatabases.ownerURL(of: file.name, at: file.ownerURL, as: file.url)
                return try file.driver(lookUp: index == 0 ? nil : inShared) { $0.url = url }
            }
            let house = DatabaseHouse(files, drivers)
            do {
                try await body(house)
            } catch {
                for driver in drivers { await driver.close() }
                throw error
            }
            for driver in drivers { await driver.close() }
        }
    }

    private init(_ files: [TestPostgres], _ drivers: [PostgresDriver]) {
        self.files = files
        self.drivers = drivers
        databases = Self.databases(drivers, later: .zero) { $0 }
    }

    /// The same as another process sees it, that remembers nothing and whose clock may differ.
    func again(later: Duration = .zero) -> TenantDatabases { Self.databases(drivers, later: later) { $0 } }

    private static func databases(
        _ drivers: [PostgresDriver], later: Duration, _ decorate: (any SQLDriver) -> any SQLDriver
    ) -> TenantDatabases {
        TenantDatabases(
            home: decorate(drivers[0]),
            others: drivers.enumerated().dropFirst().map { ("tenants-\($0.offset)", decorate($0.element)) },
            now: { .now() + later })
    }

    /// Runs `body` with processes that die at their first call, at their second, and so on until one lives to the end.
    /// How many calls that one made.
    func dyingEverywhere(
        _ death: TenantDatabaseCrashTests.Death, _ body: (TenantDatabases) async throws -> Bool
    ) async throws -> Int {
        for calls in 0..<200 {
            let life = Life(calls: calls, death)
            let hasLived = try await body(
                Self.databases(drivers, later: .zero) { MortalDriver(base: $0, life: life) })
            for file in files {
                try await PostgresConsole(url: file.ownerURL).run(
                    "SET ROLE cloudstream_all_tenants",
                    "DELETE FROM tenants", "DELETE FROM users", "DELETE FROM sessions",
                    "DELETE FROM applied", "RESET ROLE", "DELETE FROM tenant_directory",
                    "DELETE FROM logins", "DELETE FROM identity_claims", "DELETE FROM outbox")
            }
            if hasLived, life.isLeft { return calls }
        }
        Issue.record("no process lived to the end")
        return 0
    }

    /// That `tenant` is whole, and nothing is claimed any more.
    func expect(_ tenant: TenantID, _ email: String, _ store: SpreadIdentityStore) async throws {
        #expect(try await store.login(email: email)?.tenant == tenant)
        let found = try await store.read(tenant) { (try $0.tenant()?.id, try $0.owners()) }
        #expect(found.0 == tenant && found.1 == 1)
        let placement = try await RelationalTenantDirectory(databases.home).placement(of: tenant)
        #expect(placement?.database != nil)
        #expect(try await files[0].own("SELECT count(*) FROM tenant_directory") == [["1"]])
        #expect(try await files[0].own("SELECT count(*) FROM identity_claims") == [["0"]])
        #expect(try await files[0].own("SELECT email FROM logins") == [[email]])
        var told = 0
        for file in files { told += try await file.own("SELECT 1 FROM outbox").count }
        #expect(told == 1)
    }

    func expectNobody() async throws {
        for table in ["tenant_directory", "identity_claims", "logins"] {
            #expect(try await files[0].own("SELECT 1 FROM \(table)") == [], "\(table)")
        }
        for file in files { #expect(try await file.own("SELECT 1 FROM tenants") == []) }
    }
}

/// How many calls a process has left.
final class Life: Sendable {
    private let left: Mutex<Int>
    let death: TenantDatabaseCrashTests.Death

    init(calls: Int, _ death: TenantDatabaseCrashTests.Death) {
        left = Mutex(calls)
        self.death = death
    }

    var isLeft: Bool { left.withLock { $0 >= 0 } }

    /// Whether this call is answered, and whether it happens.
    func spend() -> (isDone: Bool, isAnswered: Bool) {
        left.withLock { left in
            left -= 1
            if left >= 0 { return (true, true) }
            let isLast = left == -1
            return (isLast && death == .after, false)
        }
    }
}

/// The engine of a process that dies.
struct MortalDriver: SQLDriver {
    let base: any SQLDriver
    let life: Life

    var dialect: SQLDialect { base.dialect }

    private static let gone = Failure(.timeout, "outcome_unknown", "The process is no more.")

    func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        guard life.spend().isAnswered else { throw Self.gone }
        return try await base.read(scope, body)
    }

    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let (isDone, isAnswered) = life.spend()
        guard isDone else { throw Self.gone }
        let value = try await base.write(scope, body)
        guard isAnswered else { throw Self.gone }
        return value
    }

    func close() async { await base.close() }
}

/// Waited for by a thread or by a task.
final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let flag = Mutex(false)

    func set() {
        flag.withLock { $0 = true }
        semaphore.signal()
    }

    /// Of a driver's thread, which may block.
    func wait() { _ = semaphore.wait(timeout: .now() + 120) }

    func isSet() async throws {
        try #require(try await soon { flag.withLock { $0 } })
    }
}

extension User {
    static func named(_ email: String, _ role: Role = .member) -> User {
        User(id: UserID(), email: email, name: "Somebody", role: role, createdAt: .now())
    }
}

extension SpreadIdentityStore {
    /// The tenant that the answer tells of.
    @discardableResult
    func signUp(
        _ tenant: TenantID, _ email: String, _ isolation: TenantPlacement.Isolation = .database,
        once: OnceKey? = nil, atEnd: @escaping @Sendable (_ run: Int) -> Void = { _ in }
    ) async throws -> TenantID {
        let runs = Runs()
        let user = User.named(email, .owner)
        return try await write(WriteContext(tenant: tenant, once: once)) { writer in
            runs.count.withLock { $0 += 1 }
            try writer.insert(
                Tenant(id: tenant, name: "Team", slug: "team", region: "eu", createdAt: .now()),
                placement: TenantPlacement(region: "eu", shard: 0, isolation: isolation, epoch: 1))
            try writer.insert(user, passwordHash: "hash of \(email)")
            try writer.publish(UserJoined(user: user.id, role: user.role), key: "k")
            atEnd(runs.count.withLock { $0 })
            return tenant
        }
    }

    func add(_ user: User, to tenant: TenantID) async throws {
        _ = try await write(WriteContext(tenant: tenant)) { writer in
            try writer.insert(user, passwordHash: "hash of \(user.email)")
            return true
        }
    }

    func change(_ user: User, _ passwordHash: String, of tenant: TenantID) async throws {
        _ = try await write(WriteContext(tenant: tenant)) { writer in
            try writer.save(user, passwordHash: passwordHash)
            return true
        }
    }

    func remove(_ user: User, from tenant: TenantID) async throws {
        _ = try await write(WriteContext(tenant: tenant)) { writer in
            try writer.remove(user)
            return true
        }
    }
}

private final class Runs: Sendable {
    let count = Mutex(0)
}
