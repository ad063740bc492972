extension Migration {
    /// Tenants, users, log-ins, sessions, invitations.
    static let identity = Migration(
        2, "identity", tenantTables: ["tenants", "users", "sessions", "invitations"],
        """
        CREATE TABLE tenants (
            tenant_id {uuid} NOT NULL PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL, region TEXT NOT NULL,
            created_at {integer} NOT NULL) {clustered};

        CREATE TABLE users (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, email TEXT NOT NULL, name TEXT NOT NULL,
            role TEXT NOT NULL, created_at {integer} NOT NULL, PRIMARY KEY (tenant_id, id)) {clustered};

        CREATE TABLE logins (
            email TEXT NOT NULL PRIMARY KEY, tenant_id {uuid} NOT NULL, user_id {uuid} NOT NULL,
            password_hash TEXT NOT NULL) {clustered};

        CREATE TABLE sessions (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, user_id {uuid} NOT NULL, generation {integer} NOT NULL,
            expires_at {integer} NOT NULL, revoked {integer} NOT NULL, created_at {integer} NOT NULL,
            PRIMARY KEY (tenant_id, id)) {clustered};
        CREATE INDEX sessions_by_user ON sessions (tenant_id, user_id);

        CREATE TABLE invitations (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, email TEXT NOT NULL, role TEXT NOT NULL,
            invited_by {uuid} NOT NULL, created_at {integer} NOT NULL, expires_at {integer} NOT NULL,
            accepted {integer} NOT NULL, PRIMARY KEY (tenant_id, id)) {clustered};
        """)
}
