extension Migration {
    /// Tenants in databases beside this one: where each is, and what is claimed here by writes that happen there.
    static let databases = Migration(
        1010, "databases",
        """
        ALTER TABLE tenant_directory ADD COLUMN database_name TEXT;
        ALTER TABLE tenant_directory ADD COLUMN claim {uuid};
        CREATE UNIQUE INDEX tenant_directory_dedicated ON tenant_directory (database_name)
            WHERE isolation = 'database';
        CREATE INDEX tenant_directory_by_claim ON tenant_directory (claim) WHERE claim IS NOT NULL;

        ALTER TABLE logins ADD COLUMN claim {uuid};
        CREATE INDEX logins_by_claim ON logins (claim) WHERE claim IS NOT NULL;

        CREATE TABLE identity_claims (
            token {uuid} NOT NULL PRIMARY KEY, tenant_id {uuid} NOT NULL, database_name TEXT NOT NULL,
            once_scope TEXT, once_key TEXT, until {integer} NOT NULL) {clustered};
        CREATE UNIQUE INDEX identity_claims_by_once ON identity_claims (once_scope, once_key);
        CREATE INDEX identity_claims_by_end ON identity_claims (until);
        CREATE INDEX identity_claims_by_tenant ON identity_claims (tenant_id);
        """)
}
