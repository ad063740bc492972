import Kernel
import Relational

/// Databases as their owner sees them, before anything is in them.
package enum PostgresDatabases {
    /// Where one asks about databases on a server of which nothing else is known.
    private static let maintenance = "postgres"

    /// The address of `name`, on the servers of `url`, for the one who signs in as in `owner`.
    package static func ownerURL(of name: String, at url: String, as owner: String) throws -> String {
        let owner = try PostgresURL(owner).parameters
        var parameters = try PostgresURL(url).parameters
        // How the servers are reached is theirs; who comes is not.
        for keyword in ["user", "password", "passfile", "sslcert", "sslkey"] {
            parameters[keyword] = owner[keyword]
        }
        return text(parameters, database: name)
    }

    /// The address of `name` on the servers of `url`.
    package static func url(of name: String, at url: String) throws -> String {
        text(try PostgresURL(url).parameters, database: name)
    }

    /// Makes the database unless it is there; true if it did. `ownerURL` leads to it, whether it is there or not.
    package static func create(_ name: String, ownerURL: String) async throws -> Bool {
        let console = PostgresConsole(url: try url(of: maintenance, at: ownerURL))
        func isThere() async throws -> Bool {
            try await !console.run(PostgresSQL.database(named: name)).isEmpty
        }
        if try await isThere() { return false }
        do {
            try await console.run(PostgresSQL.createDatabase(name))
            return true
        } catch {
            // Another program may have made it meanwhile.
            guard try await isThere() else { throw error }
            return false
        }
    }

    private static func text(_ parameters: [String: String], database: String) -> String {
        var parameters = parameters
        parameters["dbname"] = database
        return parameters.sorted { $0.key < $1.key }.map { key, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
            return "\(key)='\(escaped)'"
        }.joined(separator: " ")
    }
}
