/// A database for tenants, beside the one at home; it has the limits of that one but for these.
package struct TenantDatabaseSettings: Sendable, Equatable {
    package let url: SecretReference
    package let dbname: String
    package let connections: Int
    package let pipelines: Int

    init(reading section: inout SectionReader, name: String, home: SecretReference) {
        url = section.value(
            "url", "Address of its servers, of a role that owns nothing.", .secret(.text), default: home,
            named: "relational.postgres.url")
        dbname = section.value(
            "dbname", "What it is called there, whatever its address says.", .databaseName, default: name,
            named: ProfileKey.anyName)
        connections = section.value(
            "connections", "Transactions at once, on each server.", .integer(in: 1...1000), default: 4)
        pipelines = section.value(
            "pipelines", "Connections to each server that single reads share.", .integer(in: 1...16),
            default: 1)
    }
}

/// Databases for tenants by name, in the order in which they are given away.
package struct TenantDatabaseList: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let settings: TenantDatabaseSettings
    }

    /// Each is looked through by every chore, relay and claim of jobs.
    private static let limit = 64
    private static let maximumConnections = 1000

    package let entries: [Entry]

    package var isEmpty: Bool { entries.isEmpty }

    init(reading section: inout SectionReader, home: SecretReference) {
        let names = SectionNames(
            about: "One of them, by its name.", limit: Self.limit,
            expected: "a name of 1 to 24 characters of a-z, 0-9 and -, other than home and main",
            allows: Self.isName)
        entries = section.named(
            "databases", "Further databases, each for the rows of one tenant.", names
        ) {
            TenantDatabaseSettings(reading: &$1, name: $0, home: home)
        }.map { Entry(name: $0.name, settings: $0.section) }
        let places = entries.map { "\($0.settings.url) \($0.settings.dbname)" }
        section.require(
            ["databases"], Set(places).count == places.count,
            "two of them are the same database; a tenant would share it")
        section.require(
            ["databases"],
            entries.map { $0.settings.connections + $0.settings.pipelines }.reduce(0, +)
                <= Self.maximumConnections,
            "must not have more than \(Self.maximumConnections) connections and pipelines in all")
    }

    /// Also a name of a store in `Consistency`, where home is `main`.
    private static func isName(_ text: String) -> Bool {
        (1...24).contains(text.utf8.count) && text != "home" && text != "main"
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension TenantDatabaseList: ProfileValue {
    var printed: PrintedValue {
        .section(entries.map { .init(key: $0.name, value: PrintedValue(reflecting: $0.settings)) })
    }
}

extension ValueForm where Value == String {
    /// Of a database, as it may stand in a statement between quotes.
    static var databaseName: Self {
        ValueForm("text", "1 to 63 of A-Z a-z 0-9 _ -", placeholder: "") { node throws(BadValue) in
            let name = try node.text("the name of a database")
            let isPlain = name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            guard isPlain, name.utf8.count <= 63 else {
                throw BadValue("must be 1 to 63 of A-Z a-z 0-9 _ -, is \(node.summary)")
            }
            return name
        }
    }
}
