extension Migration {
    /// Videos, uploads, and what a tenant uses of its quotas.
    static let videos = Migration(
        3, "videos", tenantTables: ["videos", "uploads", "video_usage"],
        """
        CREATE TABLE videos (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, title TEXT NOT NULL, filename TEXT NOT NULL,
            bytes {integer} NOT NULL, content_type TEXT NOT NULL, sha256 TEXT, created_by {uuid} NOT NULL,
            created_at {integer} NOT NULL, updated_at {integer} NOT NULL, state TEXT NOT NULL,
            progress {real} NOT NULL, duration_seconds {real}, width {integer}, height {integer},
            failure_code TEXT, failure_detail TEXT, renditions {bytes} NOT NULL, playable {integer} NOT NULL,
            poster {integer} NOT NULL, thumbnails {integer} NOT NULL, PRIMARY KEY (tenant_id, id)) {clustered};
        CREATE INDEX videos_by_state ON videos (tenant_id, state, id);

        CREATE TABLE uploads (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, video_id {uuid} NOT NULL, bytes {integer} NOT NULL,
            part_bytes {integer} NOT NULL, content_type TEXT NOT NULL, created_by {uuid} NOT NULL,
            created_at {integer} NOT NULL, expires_at {integer} NOT NULL, state TEXT NOT NULL,
            PRIMARY KEY (tenant_id, id)) {clustered};
        CREATE INDEX uploads_by_video ON uploads (tenant_id, video_id);
        CREATE INDEX uploads_by_expiry ON uploads (expires_at) WHERE state = 'open';

        CREATE TABLE video_usage (
            tenant_id {uuid} NOT NULL PRIMARY KEY, bytes {integer} NOT NULL, open_uploads {integer} NOT NULL)
            {clustered};
        """)
}
