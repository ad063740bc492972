import Kernel

/// Named leases: at most one holder at a time, each with a fencing number greater than those before.
package struct Leases: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// The fencing number if `owner` holds `name` for `lifetime` from now; nil while another does.
    package func acquire(_ name: String, owner: String, lifetime: Duration) async throws -> Int64? {
        let now = database.now()
        let until = now + lifetime
        return try await database.writeSystem { writer in
            let current = try writer.reader.first(
                "owner, until, fence", from: .leases, where: "name = \(name)"
            ) {
                (
                    owner: try $0.next(String.self), until: try $0.next(Timestamp.self),
                    fence: try $0.next(Int64.self)
                )
            }
            guard let current else {
                try writer.insert(into: .leases, ["name": name, "owner": owner, "until": until, "fence": 1])
                return 1
            }
            if current.owner == owner && current.until > now {
                try writer.update(.leases, set: "until = \(until)", where: "name = \(name)")
                return current.fence
            }
            guard current.until <= now else { return nil }
            let fence = current.fence + 1
            try writer.update(
                .leases, set: "owner = \(owner), until = \(until), fence = \(fence)", where: "name = \(name)")
            return fence
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
