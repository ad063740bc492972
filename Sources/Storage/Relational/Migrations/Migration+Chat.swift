extension Migration {
    /// Rooms and what was said in them. A message is a row; each change of it a row more, which `revises` it and has
    /// neither author nor text. `is_listed` spares lists the many rooms that nobody has spoken in; it is a column of its
    /// own since an index over `last_seq` would be written with every message.
    static let chat = Migration(
        30, "chat",
        tenantTables: ["chat_rooms", "chat_members", "chat_messages", "chat_revisions", "chat_markers"],
        """
        CREATE TABLE chat_rooms (
            tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,
            is_private {integer} NOT NULL, is_listed {integer} NOT NULL, pair TEXT, created_by {uuid},
            created_at {integer} NOT NULL, last_seq {integer} NOT NULL, last_message {uuid},
            closed_at {integer}, PRIMARY KEY (tenant_id, id)) {clustered};
        CREATE INDEX chat_rooms_listed ON chat_rooms (tenant_id, id) WHERE is_listed = 1;
        CREATE UNIQUE INDEX chat_rooms_by_pair ON chat_rooms (tenant_id, pair) WHERE pair IS NOT NULL;

        CREATE TABLE chat_members (
            tenant_id {uuid} NOT NULL, room_id {uuid} NOT NULL, user_id {uuid} NOT NULL,
            PRIMARY KEY (tenant_id, room_id, user_id)) {clustered};
        CREATE INDEX chat_members_by_user ON chat_members (tenant_id, user_id, room_id);

        CREATE TABLE chat_messages (
            tenant_id {uuid} NOT NULL, room_id {uuid} NOT NULL, seq {integer} NOT NULL, id {uuid} NOT NULL,
            revises {integer}, author {uuid}, client_id TEXT, body TEXT, parent_id {uuid},
            sent_at {integer} NOT NULL, edited_at {integer}, deleted_at {integer}, deleted_by {uuid},
            PRIMARY KEY (tenant_id, room_id, seq)) {clustered};
        CREATE UNIQUE INDEX chat_messages_by_id ON chat_messages (tenant_id, id) WHERE revises IS NULL;
        CREATE UNIQUE INDEX chat_messages_by_client
            ON chat_messages (tenant_id, room_id, author, client_id) WHERE revises IS NULL;

        CREATE TABLE chat_revisions (
            tenant_id {uuid} NOT NULL, message_id {uuid} NOT NULL, seq {integer} NOT NULL, body TEXT,
            at {integer} NOT NULL, by_user {uuid} NOT NULL,
            PRIMARY KEY (tenant_id, message_id, seq)) {clustered};

        CREATE TABLE chat_markers (
            tenant_id {uuid} NOT NULL, user_id {uuid} NOT NULL, room_id {uuid} NOT NULL,
            seq {integer} NOT NULL, PRIMARY KEY (tenant_id, user_id, room_id)) {clustered};
        """)

    /// What is found in a room, and what goes with one. A step for each engine, since the tables are.
    static let roomDocuments = Migration(
        31, "room-documents", tenantTables: ["search_documents"], roomDocumentIndex)
    static let postgresRoomDocuments = Migration(
        1031, "postgres-room-documents", tenantTables: ["search_documents"], roomDocumentIndex)

    private static let roomDocumentIndex = """
        CREATE INDEX search_documents_by_room ON search_documents (tenant_id, room, number)
            WHERE room IS NOT NULL;
        """
}
