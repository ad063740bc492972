import Testing

@testable import Profiles

/// The databases that a profile names itself.
@Suite struct TenantDatabaseKeysTests {
    private static let sqlite = """
          sqlite:
            path: data/cloudstream.sqlite
            readers: 4
            maximumBatch: 512
            maximumQueue: 10000
            busyTimeout: 5s
            statementDeadline: 10s

        """
    private static let inProcess = """
          inProcess:
            partitions: 8
            pollInterval: 250ms
            batch: 256
            lease: 15s
            retention: 30d

        """
    private static let kafka = """
          kafka:
            brokers: env:BROKERS
            topic: events
            partitions: 8
            replicas: 1
            minimumInSyncReplicas: 1
            retention: 30d
            sessionTimeout: 10s
            relay:
              batch: 256
              pollInterval: 100ms
              lease: 15s

        """

    /// The sample on Postgres, with `databases` as lines below their key.
    private static func text(_ databases: String, isolation: String = "database") throws -> String {
        let lines = databases.split(separator: "\n").map { "      \($0)\n" }.joined()
        return try SampleProfile.edited([
            (
                sqlite,
                """
                  postgres:
                    url: env:HOME_URL
                    connections: 12
                    maximumQueue: 10000
                    statementDeadline: 10s
                    databases:
                \(lines)
                """
            ),
            (inProcess, kafka), ("  shard: 0", "  shard: 0\n  isolation: \(isolation)"),
        ])
    }

    private static func databases(_ text: String) throws -> [TenantDatabaseList.Entry] {
        guard case .postgres(let settings) = try SampleProfile.decode(text).profile.relational else {
            return []
        }
        return settings.databases.entries
    }

    @Test func `databases bear names of the profile's own choice, and keep its order`() throws {
        let text = try Self.text(
            """
            second:
              url: env:OTHER_URL
              dbname: Tenant_2
              connections: 8
              pipelines: 2
            first: {}
            bare:
            """)
        let entries = try Self.databases(text)
        #expect(entries.map(\.name) == ["second", "first", "bare"])
        #expect(entries[0].settings.url == .env("OTHER_URL"))
        #expect(entries[0].settings.dbname == "Tenant_2")
        #expect(entries[0].settings.connections == 8 && entries[0].settings.pipelines == 2)
        for entry in entries.dropFirst() {
            #expect(entry.settings.url == .env("HOME_URL") && entry.settings.dbname == entry.name)
            #expect(entry.settings.connections == 4 && entry.settings.pipelines == 1)
        }
        let profile = try SampleProfile.decode(text).profile
        #expect(profile.directory.isolation == .database)
        #expect(try SampleProfile.decode(profile.printed(format: .yaml)).profile == profile)
    }

    @Test func `a profile without them is printed and read again`() throws {
        let text = try Self.text("").replacing("    databases:\n", with: "").replacing(
            "isolation: database", with: "isolation: shared")
        let profile = try SampleProfile.decode(text).profile
        let printed = profile.printed(format: .yaml)
        #expect(!printed.contains("databases"))
        #expect(try SampleProfile.decode(printed).profile == profile)
    }

    @Test func `one can be named and moved on the command line`() throws {
        let text = try Self.text("first: {}")
        let loaded = try SampleProfile.decode(
            text,
            overrides: [
                "relational.postgres.databases.first.connections=2",
                "relational.postgres.databases.more.dbname=other",
            ])
        guard case .postgres(let settings) = loaded.profile.relational else { return }
        #expect(settings.databases.entries.map(\.name) == ["first", "more"])
        #expect(settings.databases.entries.map(\.settings.connections) == [2, 4])
        #expect(
            SampleProfile.complaint(text, overrides: ["relational.postgres.databases.first.colour=1"])
                .contains("unknown key"))
    }

    @Test func `what is wrong with one is told where it stands`() throws {
        let complaint = SampleProfile.complaint(
            try Self.text(
                """
                Big: {}
                main: {}
                one:
                  conections: 2
                  dbname: a b
                two: 7
                """)
        ).replacing("\(SampleProfile.file):", with: "")
        let name = "must be a name of 1 to 24 characters of a-z, 0-9 and -, other than home and main"
        #expect(
            complaint == """
                35:7: relational.postgres.databases.Big: \(name)
                36:7: relational.postgres.databases.main: \(name)
                38:9: relational.postgres.databases.one.conections: unknown key; did you mean "connections"?
                39:9: relational.postgres.databases.one.dbname: must be 1 to 63 of A-Z a-z 0-9 _ -, is "a b"
                40:7: relational.postgres.databases.two: must be a section with url, dbname, connections, pipelines; is "7"
                """)
    }

    @Test func `two names for one database are refused, and none at all where tenants need them`() throws {
        #expect(
            SampleProfile.complaint(try Self.text("one:\n  dbname: a\ntwo:\n  dbname: a")).contains(
                "relational.postgres.databases: two of them are the same database; a tenant would share it"))
        #expect(
            SampleProfile.complaint(try Self.text("one: {}").replacing("      one: {}\n", with: "")).contains(
                "directory.isolation: needs databases to give away: name them under relational.postgres.databases"
            ))
        #expect(
            SampleProfile.complaint(
                try SampleProfile.edited([("  shard: 0", "  shard: 0\n  isolation: database")])
            ).contains("needs relational.postgres"))
        for choice in ["schema", "database"] {
            #expect(
                SampleProfile.complaint(
                    try SampleProfile.edited([
                        ("  shard: 0", "  shard: 0\n  isolationsOnRequest: [shared, \(choice)]")
                    ])
                ).contains("needs relational.postgres"))
        }
    }

    @Test func `a member of a Kafka group may be busy with one event for as long as that may take`() throws {
        let text = try Self.text("one: {}")
        #expect(try SampleProfile.decode(text).profile.consumer.handlerDeadline == .seconds(30))
        #expect(
            SampleProfile.complaint(text, overrides: ["events.consumer.handlerDeadline=46s"]).contains(
                "events.kafka.maximumPollInterval: must be at least twice consumer.handlerDeadline (46s)"))
    }

    @Test func `the documentation says NAME where the profile chooses`() {
        let paths = ProfileKeys.all.map(\.path).filter { $0.hasPrefix("relational.postgres.databases") }
        #expect(
            paths == [
                "relational.postgres.databases", "relational.postgres.databases.NAME",
                "relational.postgres.databases.NAME.url", "relational.postgres.databases.NAME.dbname",
                "relational.postgres.databases.NAME.connections",
                "relational.postgres.databases.NAME.pipelines",
            ])
    }
}
