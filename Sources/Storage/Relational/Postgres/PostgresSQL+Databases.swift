extension PostgresSQL {
    /// `name` is one that a profile allows: nothing in it needs to be escaped.
    package static func database(named name: String) -> String {
        "SELECT datname FROM pg_database WHERE datname = '\(name)'"
    }

    package static func createDatabase(_ name: String) -> String { "CREATE DATABASE \"\(name)\"" }
}
