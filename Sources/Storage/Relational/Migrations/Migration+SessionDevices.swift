extension Migration {
    /// On which device a session was begun, and when it was last renewed.
    static let sessionDevices = Migration(
        70, "session-devices",
        """
        ALTER TABLE sessions ADD COLUMN user_agent TEXT;
        ALTER TABLE sessions ADD COLUMN seen_at {integer};
        """)
}
