import Identity
import InProcess
import Kernel
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

/// Tenants in databases of their own, and what must hold whatever dies between two of them.
@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct TenantDatabaseTests {
    @Test func `whoever signs up gets a database that nobody has, until none is left`() async throws {
        try await DatabaseHouse.with(tenants: 2) { house async throws in
            let store = SpreadIdentityStore(house.databases)
            let (one, two) = (TenantID(), TenantID())
            try await store.signUp(one, "one@example.com")
            try await store.signUp(two, "two@example.com")

            for (index, tenant) in [one, two].enumerated() {
                let file = house.files[index + 1]
                for table in ["tenants", "users", "outbox"] {
                    #expect(
                        try await file.own("SELECT tenant_id FROM \(table)") == [[tenant.description]],
                        "\(table) \(index)")
                }
                let placement = try await RelationalTenantDirectory(house.databases.home).placement(
                    of: tenant)
                #expect(placement?.database == "tenants-\(index + 1)")
                #expect(placement?.isolation == .database)
                #expect(try await store.read(tenant) { try $0.owners() } == 1)
            }
            for table in ["tenants", "users", "outbox", "identity_claims"] {
                #expect(try await house.files[0].own("SELECT 1 FROM \(table)") == [], "\(table) at home")
            }
            #expect(try await store.login(email: "two@example.com")?.tenant == two)

            let refused = await failure { try await store.signUp(TenantID(), "three@example.com") }
            #expect(refused?.code == "no_database_free")
            #expect(refused?.kind == .unavailable)
            #expect(try await store.login(email: "three@example.com") == nil)
            #expect(try await house.files[0].own("SELECT count(*) FROM logins") == [["2"]])

            // Others share the tables at home as before, and another process finds everybody.
            let shared = TenantID()
            try await store.signUp(shared, "three@example.com", .shared)
            let other = SpreadIdentityStore(house.again())
            for tenant in [one, two, shared] {
                #expect(try await other.read(tenant) { try $0.owners() } == 1)
            }
            #expect(try await house.files[0].own("SELECT tenant_id FROM tenants") == [[shared.description]])
        }
    }

    @Test func `people join and leave in the tenant's database, and their addresses at home`() async throws {
        try await DatabaseHouse.with(tenants: 1) { house async throws in
            let store = SpreadIdentityStore(house.databases)
            let (apart, shared) = (TenantID(), TenantID())
            try await store.signUp(apart, "apart@example.com")
            try await store.signUp(shared, "shared@example.com", .shared)
            let user = User.named("joined@example.com")
            try await store.add(user, to: apart)
            #expect(try await store.login(email: user.email)?.user == user.id)
            #expect(try await store.login(email: user.email)?.passwordHash == "hash of joined@example.com")

            for tenant in [apart, shared] {
                for email in [user.email, "apart@example.com", "shared@example.com"] {
                    let refused = await failure { try await store.add(.named(email), to: tenant) }
                    #expect(refused?.code == "email_taken", "\(email) in \(tenant == apart)")
                }
            }
            try await store.remove(user, from: apart)
            #expect(try await store.login(email: user.email) == nil)
            try await store.add(.named(user.email), to: shared)
            #expect(try await store.login(email: user.email)?.tenant == shared)
            #expect(try await house.files[0].own("SELECT count(*) FROM identity_claims") == [["0"]])
        }
    }

    @Test func `of many who want one address at once, one gets it, and one database with it`() async throws {
        try await DatabaseHouse.with(tenants: 3) { house async throws in
            var settings = SpreadIdentityStore.Settings()
            settings.patience = .seconds(10)
            let store = SpreadIdentityStore(house.databases, settings: settings)
            let outcomes = await withTaskGroup(of: String.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        let placement: TenantPlacement.Isolation = number % 3 == 0 ? .shared : .database
                        let refused = await failure {
                            try await store.signUp(TenantID(), "wanted@example.com", placement)
                        }
                        return refused?.code ?? "signed up"
                    }
                }
                return await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == "signed up" }.count == 1)
            // Those who came when all databases were claimed for a moment heard just that.
            #expect(Set(outcomes).isSubset(of: ["signed up", "email_taken", "no_database_free"]))
            #expect(try await house.files[0].own("SELECT count(*) FROM logins") == [["1"]])
            #expect(try await house.files[0].own("SELECT count(*) FROM tenant_directory") == [["1"]])
            #expect(try await house.files[0].own("SELECT count(*) FROM identity_claims") == [["0"]])
            var people = 0
            for file in house.files { people += try await file.own("SELECT 1 FROM users").count }
            #expect(people == 1)
        }
    }
}

extension TenantDatabaseTests {
    @Test func `asked for many times at once by one key, one team is made`() async throws {
        try await DatabaseHouse.with(tenants: 3) { house async throws in
            var settings = SpreadIdentityStore.Settings()
            settings.patience = .seconds(20)
            let once = OnceKey(scope: "sign-up", key: "k", digest: "d", keeper: .nobody)
            let teams = try await withThrowingTaskGroup(of: TenantID.self) { group in
                for _ in 0..<5 {
                    group.addTask { [settings] in
                        let store = SpreadIdentityStore(house.again(), settings: settings)
                        return try await store.signUp(TenantID(), "a@example.com", once: once)
                    }
                }
                return try await group.reduce(into: Set<TenantID>()) { $0.insert($1) }
            }
            #expect(teams.count == 1)
            let team = try #require(teams.first)
            try await house.expect(team, "a@example.com", SpreadIdentityStore(house.databases))
            let other = OnceKey(scope: "sign-up", key: "k", digest: "e", keeper: .nobody)
            let refused = await failure {
                try await SpreadIdentityStore(house.databases).signUp(
                    TenantID(), "b@example.com", once: other)
            }
            #expect(refused?.code == "idempotency_key_reused")
        }
    }
}

/// A process that dies between any two steps of a write in two databases.
@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL"))
struct TenantDatabaseCrashTests {
    /// Before the call that would have been next, or after it was done and before its answer came.
    enum Death: CaseIterable { case before, after }

    @Test(arguments: Death.allCases)
    func `a sign-up that dies anywhere is asked again and happens once`(_ death: Death) async throws {
        try await DatabaseHouse.with(tenants: 1) { house async throws in
            let survived = try await house.dyingEverywhere(death) { mortal in
                let once = OnceKey(scope: "sign-up", key: "k", digest: "d", keeper: .nobody)
                let first = try? await SpreadIdentityStore(mortal).signUp(
                    TenantID(), "a@example.com", once: once)

                // The client asks again, of a process that is well: the same key, another tenant.
                var settings = SpreadIdentityStore.Settings()
                settings.patience = .milliseconds(20)
                let store = SpreadIdentityStore(house.again(), settings: settings)
                let answer = try await store.signUp(TenantID(), "a@example.com", once: once)
                if let first { #expect(answer == first) }
                try await house.expect(answer, "a@example.com", store)
                return first != nil
            }
            #expect(survived > 8)
        }
    }

    @Test(arguments: Death.allCases)
    func `a sign-up that dies anywhere and is left alone happened wholly or not at all`(
        _ death: Death
    ) async throws {
        try await DatabaseHouse.with(tenants: 2) { house async throws in
            _ = try await house.dyingEverywhere(death) { mortal in
                let tenant = TenantID()
                let first = try? await SpreadIdentityStore(mortal).signUp(tenant, "a@example.com")

                let later = SpreadIdentityStore(house.again(later: .seconds(60)))
                _ = try await later.settleLapsed()
                let login = try await later.login(email: "a@example.com")
                if first != nil { #expect(login != nil) }
                if login != nil {
                    try await house.expect(tenant, "a@example.com", later)
                } else {
                    try await house.expectNobody()
                    try await later.signUp(TenantID(), "a@example.com")
                }
                try await later.signUp(TenantID(), "b@example.com")
                return first != nil
            }
        }
    }

    @Test(arguments: Death.allCases)
    func `one who joins or leaves while the process dies can or cannot sign in, as the team has it`(
        _ death: Death
    ) async throws {
        try await DatabaseHouse.with(tenants: 1) { house async throws in
            for isJoining in [true, false] {
                _ = try await house.dyingEverywhere(death) { mortal in
                    let (tenant, user) = (TenantID(), User.named("b@example.com"))
                    let well = SpreadIdentityStore(house.again())
                    try await well.signUp(tenant, "a@example.com")
                    if !isJoining { try await well.add(user, to: tenant) }
                    let dying = SpreadIdentityStore(mortal)
                    let done: Void? =
                        isJoining
                        ? try? await dying.add(user, to: tenant) : try? await dying.remove(user, from: tenant)

                    let later = SpreadIdentityStore(house.again(later: .seconds(60)))
                    let login = try await later.login(email: user.email)
                    let isMember = try await later.read(tenant) { try $0.user(user.id) } != nil
                    #expect((login?.user == user.id) == isMember)
                    if !isMember { #expect(login == nil) }
                    if done != nil { #expect(isMember == isJoining) }
                    // The address is of use to the one who is sure to be out.
                    if !isMember { try await later.add(.named(user.email), to: tenant) }
                    return done != nil
                }
            }
        }
    }

    @Test(arguments: Death.allCases)
    func `a password that changes while the process dies is the one that the team's database has`(
        _ death: Death
    ) async throws {
        try await DatabaseHouse.with(tenants: 1) { house async throws in
            _ = try await house.dyingEverywhere(death) { mortal in
                let (tenant, user) = (TenantID(), User.named("b@example.com"))
                let well = SpreadIdentityStore(house.again())
                try await well.signUp(tenant, "a@example.com")
                try await well.add(user, to: tenant)
                let done: Void? = try? await SpreadIdentityStore(mortal).change(user, "another", of: tenant)

                // Nobody is locked out meanwhile: one of the two is right.
                let meanwhile = try await well.login(email: user.email)
                #expect(meanwhile?.user == user.id)
                let later = SpreadIdentityStore(house.again(later: .seconds(60)))
                let login = try await later.login(email: user.email)
                #expect(["another", "hash of b@example.com"].contains(login?.passwordHash))
                if done != nil { #expect(login?.passwordHash == "another") }
                let kept = try await house.files[1].own(
                    "SELECT password_hash FROM logins WHERE email = '\(user.email)'")
                #expect(kept == [[login?.passwordHash]])
                _ = try await later.settleLapsed()
                #expect(try await house.files[0].own("SELECT count(*) FROM identity_claims") == [["0"]])
                try await later.change(user, "third", of: tenant)
                #expect(try await later.login(email: user.email)?.passwordHash == "third")
                return done != nil
            }
        }
    }

    @Test func `a write whose claim was given up does not commit`() async throws {
        try await DatabaseHouse.with(tenants: 2) { house async throws in
            let store = SpreadIdentityStore(house.databases)
            let (slow, quick) = (TenantID(), TenantID())
            let impatient = SpreadIdentityStore(house.again(later: .seconds(60)))
            let (halfway, goOn) = (Signal(), Signal())
            let late = Task {
                try await store.signUp(slow, "a@example.com") { run in
                    // The last run is the one that has all it needs.
                    guard run == 3 else { return }
                    halfway.set()
                    goOn.wait()
                }
            }
            // Whatever fails before.
            defer { goOn.set() }
            try await halfway.isSet()
            // By another process's clock it has lapsed.
            try await impatient.signUp(quick, "a@example.com")
            goOn.set()
            let refused = await failure { _ = try await late.value }
            #expect(refused?.code == "email_taken")
            #expect(try await store.login(email: "a@example.com")?.tenant == quick)
            #expect(try await store.read(slow) { try $0.owners() } == 0)
            #expect(try await house.files[0].own("SELECT count(*) FROM tenant_directory") == [["1"]])
        }
    }
}
