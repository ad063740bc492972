extension Migration {
    /// Activities of teams, notifications of people, how these want to be told, and the mails that are due.
    static let feed = Migration(
        50, "feed",
        tenantTables: ["feed_activities", "notifications", "notification_preferences", "notification_mails"],
        """
        CREATE TABLE feed_activities (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, kind TEXT NOT NULL, actor {uuid},
            at {integer} NOT NULL, video {uuid}, room {uuid}, comment {uuid}, message {uuid}, title TEXT,
            excerpt TEXT, count {integer} NOT NULL, bucket {integer}, counted TEXT,
            PRIMARY KEY (tenant_id, id)) {clustered};
        CREATE UNIQUE INDEX feed_activities_by_bucket ON feed_activities (tenant_id, room, bucket)
            WHERE bucket IS NOT NULL;
        CREATE INDEX feed_activities_by_video ON feed_activities (tenant_id, video) WHERE video IS NOT NULL;
        CREATE INDEX feed_activities_by_comment ON feed_activities (tenant_id, comment)
            WHERE comment IS NOT NULL;
        CREATE INDEX feed_activities_by_message ON feed_activities (tenant_id, message)
            WHERE message IS NOT NULL;
        CREATE INDEX feed_activities_by_age ON feed_activities (at);

        CREATE TABLE notifications (
            tenant_id {uuid} NOT NULL, user_id {uuid} NOT NULL, id {uuid} NOT NULL, kind TEXT NOT NULL,
            actor {uuid}, at {integer} NOT NULL, video {uuid}, room {uuid}, comment {uuid}, message {uuid},
            seconds {real}, title TEXT, excerpt TEXT, shown {integer} NOT NULL, read_at {integer},
            digest_at {integer}, PRIMARY KEY (tenant_id, user_id, id)) {clustered};
        CREATE INDEX notifications_unread ON notifications (tenant_id, user_id, id)
            WHERE read_at IS NULL AND shown = 1;
        CREATE INDEX notifications_by_digest ON notifications (tenant_id, user_id, digest_at)
            WHERE digest_at IS NOT NULL;
        CREATE INDEX notifications_by_video ON notifications (tenant_id, video) WHERE video IS NOT NULL;
        CREATE INDEX notifications_by_room ON notifications (tenant_id, room) WHERE room IS NOT NULL;
        CREATE INDEX notifications_by_comment ON notifications (tenant_id, comment)
            WHERE comment IS NOT NULL;
        CREATE INDEX notifications_by_message ON notifications (tenant_id, message)
            WHERE message IS NOT NULL;
        CREATE INDEX notifications_by_age ON notifications (at);

        CREATE TABLE notification_preferences (
            tenant_id {uuid} NOT NULL, user_id {uuid} NOT NULL, preferences {bytes} NOT NULL,
            PRIMARY KEY (tenant_id, user_id)) {clustered};

        CREATE TABLE notification_mails (
            tenant_id {uuid} NOT NULL, user_id {uuid} NOT NULL, key TEXT NOT NULL, letter {uuid} NOT NULL,
            state TEXT NOT NULL, due_at {integer} NOT NULL, attempts {integer} NOT NULL, reason TEXT,
            updated_at {integer} NOT NULL, PRIMARY KEY (tenant_id, user_id, key)) {clustered};
        CREATE INDEX notification_mails_due ON notification_mails (due_at) WHERE state = 'waiting';
        CREATE INDEX notification_mails_done ON notification_mails (updated_at) WHERE state <> 'waiting';
        """)
}
