extension Migration {
    /// Words that occur, by the clues that a typo leaves.
    static let search = Migration(
        20, "search", tenantTables: ["search_words"],
        """
        CREATE TABLE search_words (
            tenant_id {uuid} NOT NULL, clue {integer} NOT NULL, word TEXT NOT NULL,
            PRIMARY KEY (tenant_id, clue, word)) {clustered};
        """)

    /// Documents on SQLite. Their searched text is indexed by FTS5, which keeps no copy of it; `scope` is a short name
    /// of the tenant, indexed with it so that a search does not walk through what others said.
    ///
    /// Whoever changes a document tells FTS5 in the same transaction: a trigger may not, since the schema is not trusted.
    static let searchDocuments = Migration(
        21, "search-documents", tenantTables: ["search_documents"],
        """
        CREATE TABLE search_documents (
            number {integer} PRIMARY KEY, tenant_id {uuid} NOT NULL, kind TEXT NOT NULL, id {uuid} NOT NULL,
            version {integer} NOT NULL, author {uuid}, room {uuid}, audience {uuid}, title TEXT NOT NULL,
            body TEXT NOT NULL, folded TEXT NOT NULL, scope TEXT NOT NULL, removed_at {integer},
            UNIQUE (tenant_id, kind, id));
        CREATE UNIQUE INDEX search_documents_by_number ON search_documents (tenant_id, number);
        CREATE INDEX search_documents_removed ON search_documents (removed_at) WHERE removed_at IS NOT NULL;

        CREATE VIRTUAL TABLE search_text USING fts5 (
            folded, scope, content = 'search_documents', content_rowid = 'number',
            tokenize = 'trigram case_sensitive 1');
        """)

    /// Whose documents are which, on SQLite: a narrowed search asks this of all places of a word, and reads the rows of
    /// those that are left.
    static let authorDocuments = Migration(
        22, "author-documents", tenantTables: ["search_documents"],
        """
        CREATE INDEX search_documents_by_author ON search_documents (tenant_id, author, number)
            WHERE author IS NOT NULL;
        """)

    /// Documents on Postgres, their text indexed by trigrams together with the tenant.
    ///
    /// Row-level security lets no condition but its own use an index unless the operator is known to leak nothing, and
    /// `LIKE` is not. So the function, which its owner runs, compares the tenant itself and gives numbers only; the rows
    /// are read under the policy.
    static let postgresSearch = Migration(
        1020, "postgres-search", tenantTables: ["search_documents"],
        """
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE EXTENSION IF NOT EXISTS btree_gin;

        CREATE TABLE search_documents (
            tenant_id UUID NOT NULL, kind TEXT NOT NULL, id UUID NOT NULL, number BIGINT NOT NULL,
            version BIGINT NOT NULL, author UUID, room UUID, audience UUID, title TEXT NOT NULL,
            body TEXT NOT NULL, folded TEXT NOT NULL, scope TEXT NOT NULL, removed_at BIGINT,
            PRIMARY KEY (tenant_id, kind, id));
        CREATE UNIQUE INDEX search_documents_by_number ON search_documents (tenant_id, number);
        CREATE INDEX search_documents_removed ON search_documents (removed_at) WHERE removed_at IS NOT NULL;
        CREATE INDEX search_documents_by_text ON search_documents
            USING gin (tenant_id, folded gin_trgm_ops) WITH (fastupdate = off);

        CREATE FUNCTION cloudstream_search_groups(groups text) RETURNS text LANGUAGE sql IMMUTABLE
        SET search_path = pg_catalog, pg_temp AS $$
            SELECT string_agg('(' || (
                SELECT string_agg(format('folded LIKE %L', '%' || piece || '%'), ' OR ')
                FROM unnest(string_to_array(part, '|')) AS piece) || ')', ' AND ')
            FROM unnest(string_to_array(groups, ';')) AS part
        $$;

        CREATE FUNCTION cloudstream_search(
            tenant uuid, wanted text, unwanted text, kinds text, audiences text, by_author uuid, in_room uuid,
            since bigint, until bigint, most bigint)
        RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            place text := 'public.search_documents';
            own text := format('%I.search_documents', 'tenant_' || replace(tenant::text, '-', ''));
            condition text;
        BEGIN
            IF tenant IS DISTINCT FROM nullif(current_setting('app.tenant', true), '')::uuid
                OR NOT EXISTS (SELECT FROM public.application_roles WHERE name = session_user)
            THEN
                RAISE insufficient_privilege USING MESSAGE = 'search is for the tenant of the transaction';
            END IF;
            IF to_regclass(own) IS NOT NULL THEN place := own; END IF;
            condition := coalesce(public.cloudstream_search_groups(wanted), 'true');
            IF unwanted <> '' THEN
                condition := condition || ' AND NOT (' || public.cloudstream_search_groups(unwanted) || ')';
            END IF;
            RETURN QUERY EXECUTE format(
                'SELECT number FROM ONLY %s WHERE tenant_id = $1 AND %s AND removed_at IS NULL '
                || 'AND kind = ANY (string_to_array($2, '','')) '
                || 'AND (audience IS NULL OR audience = ANY (string_to_array($3, '','')::uuid[])) '
                || 'AND ($4 IS NULL OR author = $4) AND ($5 IS NULL OR room = $5) '
                || 'AND number >= $6 AND number < $7 ORDER BY number DESC LIMIT $8', place, condition)
            USING tenant, kinds, audiences, by_author, in_room, since, until, most;
        END $$;
        """)
}
