extension Migration {
    /// Steps of Postgres alone, where the database itself keeps tenants apart. They come before the others.
    package static let postgres: [Migration] = [.guards]

    /// Steps of Postgres alone that build on those of all engines, and come after them.
    package static let postgresTuning: [Migration] = [
        .jobIndexes, .jobLeases, .eventMonths, .postgresSearch, .postgresRoomDocuments,
    ]

    /// Each step of a job leaves dead entries, so indexes hold only jobs in the one state they are for.
    private static let jobIndexes = Migration(
        1002, "postgres-job-indexes",
        """
        CREATE INDEX jobs_waiting ON jobs (kind, due_at, id) WHERE state = 'waiting';
        CREATE INDEX jobs_running ON jobs (kind, tenant_id) WHERE state = 'running';
        CREATE INDEX jobs_failed ON jobs (kind) WHERE state = 'failed';
        DROP INDEX jobs_by_state;
        DROP INDEX jobs_by_key;
        ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
        """)

    /// Leases in the order of their ends, so that those which ended long ago are not gone through again; and jobs that
    /// wait for another try, whose places lie among those that others have taken since.
    private static let jobLeases = Migration(
        1003, "postgres-job-leases",
        """
        CREATE INDEX jobs_leased ON jobs (kind, leased_until, tenant_id) WHERE state = 'running';
        CREATE INDEX jobs_returned ON jobs (kind, due_at, id)
            WHERE lease_token > 0 AND leased_until IS NULL AND finished_at IS NULL;
        DROP INDEX jobs_running;
        """)

    /// Functions by which the owner of the schema guards tables of tenants, lets a role work with them, and makes
    /// room for a tenant in a schema of its own.
    private static let guards = Migration(
        1001, "postgres-guards",
        """
        CREATE TABLE tenant_tables (name TEXT NOT NULL PRIMARY KEY);
        CREATE TABLE application_roles (name TEXT NOT NULL PRIMARY KEY);

        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudstream_all_tenants') THEN
                CREATE ROLE cloudstream_all_tenants NOLOGIN;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$;

        CREATE FUNCTION cloudstream_guard_table(target regclass) RETURNS void LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $$
        DECLARE who text;
        BEGIN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
            EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
            IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = target AND polname = 'one_tenant') THEN
                EXECUTE format(
                    'CREATE POLICY one_tenant ON %s USING '
                    || '(tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', target);
                EXECUTE format(
                    'CREATE POLICY all_tenants ON %s TO cloudstream_all_tenants USING (true)', target);
            END IF;
            EXECUTE format('GRANT SELECT, UPDATE, DELETE ON %s TO cloudstream_all_tenants', target);
            FOR who IN SELECT name FROM public.application_roles LOOP
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', target, who);
            END LOOP;
        END $$;

        CREATE FUNCTION cloudstream_align_schema(place text) RETURNS void LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
        DECLARE
            item text;
            own regclass;
            part record;
            who text;
        BEGIN
            FOR who IN SELECT name FROM public.application_roles LOOP
                EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', place, who);
            END LOOP;
            FOR item IN SELECT name FROM public.tenant_tables ORDER BY name LOOP
                own := to_regclass(format('%I.%I', place, item));
                IF own IS NULL THEN
                    EXECUTE format(
                        'CREATE TABLE %I.%I (LIKE public.%I INCLUDING ALL) INHERITS (public.%I)',
                        place, item, item, item);
                    own := to_regclass(format('%I.%I', place, item));
                END IF;
                FOR part IN
                    SELECT i.indisunique AS is_unique, substring(pg_get_indexdef(i.indexrelid) FROM ' USING (.*)$') AS body
                    FROM pg_index i WHERE i.indrelid = format('public.%I', item)::regclass
                LOOP
                    IF NOT EXISTS (
                        SELECT FROM pg_index i WHERE i.indrelid = own AND i.indisunique = part.is_unique
                        AND substring(pg_get_indexdef(i.indexrelid) FROM ' USING (.*)$') = part.body)
                    THEN
                        EXECUTE format(
                            'CREATE %s INDEX ON %s USING %s', CASE WHEN part.is_unique THEN 'UNIQUE' ELSE '' END,
                            own, part.body);
                    END IF;
                END LOOP;
                PERFORM public.cloudstream_guard_table(own);
            END LOOP;
        END $$;

        CREATE FUNCTION cloudstream_provision(tenant uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
        DECLARE place text := 'tenant_' || replace(tenant::text, '-', '');
        BEGIN
            EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', place);
            PERFORM public.cloudstream_align_schema(place);
        END $$;
        REVOKE ALL ON FUNCTION cloudstream_provision(uuid) FROM PUBLIC;
        REVOKE ALL ON FUNCTION cloudstream_align_schema(text) FROM PUBLIC;
        REVOKE ALL ON FUNCTION cloudstream_guard_table(regclass) FROM PUBLIC;

        CREATE FUNCTION cloudstream_admit(who text) RETURNS void LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM pg_roles WHERE rolname = who AND (rolsuper OR rolbypassrls OR rolname = current_user))
            THEN
                RAISE EXCEPTION 'role % must not own the schema or pass over row-level security', who;
            END IF;
            INSERT INTO public.application_roles VALUES (who) ON CONFLICT DO NOTHING;
            -- What it inherited would be the policy that shows all tenants.
            IF (SELECT rolinherit FROM pg_roles WHERE rolname = who) THEN
                EXECUTE format('ALTER ROLE %I NOINHERIT', who);
            END IF;
            IF NOT pg_has_role(who, 'cloudstream_all_tenants', 'MEMBER') THEN
                EXECUTE format('GRANT cloudstream_all_tenants TO %I', who);
            END IF;
            IF NOT pg_has_role(current_user, 'cloudstream_all_tenants', 'MEMBER') THEN
                EXECUTE format('GRANT cloudstream_all_tenants TO %I', current_user);
            END IF;
            EXECUTE format('GRANT USAGE ON SCHEMA public TO %I, cloudstream_all_tenants', who);
            EXECUTE format(
                'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', who);
            EXECUTE format(
                'REVOKE INSERT, UPDATE, DELETE ON public.schema_migrations, public.tenant_tables, '
                || 'public.application_roles FROM %I', who);
            EXECUTE format('GRANT EXECUTE ON FUNCTION public.cloudstream_provision(uuid) TO %I', who);
        END $$;
        REVOKE ALL ON FUNCTION cloudstream_admit(text) FROM PUBLIC;

        CREATE FUNCTION cloudstream_guard(tables text) RETURNS void LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
        DECLARE item text;
        BEGIN
            INSERT INTO public.tenant_tables SELECT unnest(string_to_array(tables, ',')) ON CONFLICT DO NOTHING;
            FOR item IN SELECT name FROM public.tenant_tables LOOP
                PERFORM public.cloudstream_guard_table(format('public.%I', item)::regclass);
            END LOOP;
            FOR item IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
                PERFORM public.cloudstream_align_schema(item);
            END LOOP;
        END $$;
        REVOKE ALL ON FUNCTION cloudstream_guard(text) FROM PUBLIC;
        """)
}
