import Kernel

/// Named leases: at most one holder at a time, each with a fencing number greater than those before.
package struct Leases: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// The fencing number if `owner` holds `name` for `lifetime` from now; nil while another does.
    package func acquire(_ name: String, owner: String, lifetime: Duration) async throws -> Int64? {
        let now = database.now()
        let until = now + lifetime
        // Each statement states its condition itself: between two of them another process may have come.
        return try await database.writeSystem { writer in
            let isNew = try writer.insertIfAbsent(
                into: .leases, ["name": name, "owner": owner, "until": until, "fence": 1])
            if isNew { return 1 }
            let renewed = try writer.update(
                .leases, set: "until = \(until)",
                where: "name = \(name) AND owner = \(owner) AND until > \(now)", returning: "fence"
            ) { try $0.next(Int64.self) }
            if let fence = renewed.first { return fence }
            return try writer.update(
                .leases, set: "owner = \(owner), until = \(until), fence = fence + 1",
                where: "name = \(name) AND until <= \(now)", returning: "fence"
            ) { try $0.next(Int64.self) }.first
        }
    }

    /// Lets go, so that another need not wait; nothing happens if `owner` does not hold it.
    package func release(_ name: String, owner: String) async throws {
        let now = database.now()
        try await database.writeSystem {
            _ = try $0.update(.leases, set: "until = \(now)", where: "name = \(name) AND owner = \(owner)")
        }
    }
}

extension SystemTable {
    static let leases = SystemTable("leases")
}
