extension Migration {
    /// Comments, approvals, links for guests, and versions of videos.
    ///
    /// A video of before has no stack: it is the first of its own. Its row keeps what lists show of its review, so that a
    /// list is one statement.
    static let review = Migration(
        40, "review", tenantTables: ["comments", "approvals", "share_links"],
        """
        CREATE TABLE comments (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, video_id {uuid} NOT NULL, parent_id {uuid},
            author_id {uuid}, guest_name TEXT, share_id {uuid}, at_seconds {real} NOT NULL, until_seconds {real},
            body TEXT, mentions {bytes} NOT NULL, drawing {bytes}, created_at {integer} NOT NULL,
            edited_at {integer}, deleted_at {integer}, resolved_at {integer}, resolved_by {uuid},
            PRIMARY KEY (tenant_id, id)) {clustered};
        CREATE INDEX comments_by_video ON comments (tenant_id, video_id, id);

        CREATE TABLE approvals (
            tenant_id {uuid} NOT NULL, video_id {uuid} NOT NULL, user_id {uuid} NOT NULL, state TEXT NOT NULL,
            note TEXT, at {integer} NOT NULL, PRIMARY KEY (tenant_id, video_id, user_id)) {clustered};

        CREATE TABLE share_links (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, video_id {uuid} NOT NULL, created_by {uuid} NOT NULL,
            created_at {integer} NOT NULL, expires_at {integer} NOT NULL, token_digest {bytes} NOT NULL,
            password_hash TEXT, maximum_views {integer}, allows_comments {integer} NOT NULL,
            views {integer} NOT NULL, revoked_at {integer}, PRIMARY KEY (tenant_id, id)) {clustered};
        CREATE INDEX share_links_by_video ON share_links (tenant_id, video_id, id);

        ALTER TABLE videos ADD COLUMN stack_id {uuid};
        ALTER TABLE videos ADD COLUMN version_number {integer} NOT NULL DEFAULT 1;
        ALTER TABLE videos ADD COLUMN is_latest {integer} NOT NULL DEFAULT 1;
        ALTER TABLE videos ADD COLUMN approval TEXT NOT NULL DEFAULT 'none';
        ALTER TABLE videos ADD COLUMN comment_count {integer} NOT NULL DEFAULT 0;
        ALTER TABLE videos ADD COLUMN open_thread_count {integer} NOT NULL DEFAULT 0;
        ALTER TABLE videos ADD COLUMN review_revision {integer} NOT NULL DEFAULT 0;
        CREATE INDEX videos_by_stack ON videos (tenant_id, stack_id, version_number);
        """)
}
