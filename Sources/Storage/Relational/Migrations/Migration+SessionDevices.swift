extension Migration {
    /// On which device a session was begun, and when it was last renewed.
    static let sessionDevices = Migration(
        70, "session-devices",
        """
        ALTER TABLE sessions ADD COLUMN user_agent TEXT;
        ALTER TABLE sessions ADD COLUMN seen_at {integer};
        """)

    /// By it those that ran out long ago are found among all.
    static let sessionExpiry = Migration(
        71, "session-expiry",
        """
        CREATE INDEX sessions_by_expiry ON sessions (expires_at);
        """)
}
