extension Migration {
    /// Processes that announce themselves.
    package static let instances = Migration(
        10, "instances",
        """
        CREATE TABLE instances (
            id TEXT NOT NULL PRIMARY KEY, role TEXT NOT NULL, host TEXT NOT NULL, port {integer} NOT NULL,
            weight {integer} NOT NULL, current_load {integer} NOT NULL, version TEXT NOT NULL,
            started_at {integer} NOT NULL, state TEXT NOT NULL, alive_until {integer} NOT NULL) {clustered};
        CREATE INDEX instances_by_role ON instances (role, alive_until);
        """)
}
