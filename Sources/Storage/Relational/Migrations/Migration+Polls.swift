extension Migration {
    static let polls = Migration(
        60, "polls", tenantTables: ["polls", "poll_votes"],
        """
        CREATE TABLE polls (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, room_id {uuid} NOT NULL, question TEXT NOT NULL,
            options {bytes} NOT NULL, created_by {uuid} NOT NULL, created_at {integer} NOT NULL,
            closed_at {integer}, PRIMARY KEY (tenant_id, id)) {clustered};
        CREATE INDEX polls_by_room ON polls (tenant_id, room_id, id);

        CREATE TABLE poll_votes (
            tenant_id {uuid} NOT NULL, poll_id {uuid} NOT NULL, user_id {uuid} NOT NULL,
            choice {integer} NOT NULL, PRIMARY KEY (tenant_id, poll_id, user_id)) {clustered};
        """)

    /// By which what is told of a poll is put in order.
    static let pollRevision = Migration(
        61, "poll-revision",
        """
        ALTER TABLE polls ADD COLUMN revision {integer} DEFAULT 1 NOT NULL;
        """)
}
