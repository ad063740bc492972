extension Migration {
    /// The event log as a table for each month, which are forgotten as a whole.
    ///
    /// An event has the same time wherever it is repeated, so its id and time together are as unique as its id. Months
    /// lie in a schema that roles other than the owner cannot enter: all go through `event_log`.
    static let eventMonths = Migration(
        1004, "postgres-event-months",
        """
        CREATE SCHEMA cloudstream_log;
        ALTER TABLE event_log SET SCHEMA cloudstream_log;
        ALTER TABLE cloudstream_log.event_log RENAME TO old_log;

        CREATE TABLE event_log (
            position BIGINT GENERATED ALWAYS AS IDENTITY, partition BIGINT NOT NULL, event_id UUID NOT NULL,
            type TEXT NOT NULL, version BIGINT NOT NULL, tenant_id UUID NOT NULL, event_key TEXT NOT NULL,
            time BIGINT NOT NULL, data BYTEA NOT NULL, trace_parent TEXT, UNIQUE (event_id, time)
        ) PARTITION BY RANGE (time);
        CREATE INDEX event_log_by_partition ON event_log (partition, position);

        -- Takes events whose month nobody has made, so that none is refused.
        CREATE TABLE cloudstream_log.strays PARTITION OF event_log DEFAULT;

        -- The month of `moment`, in milliseconds since 1970, and those that came before it was made.
        CREATE FUNCTION cloudstream_make_month(moment timestamp) RETURNS void LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            low bigint := extract(epoch FROM date_trunc('month', moment))::bigint * 1000;
            high bigint := extract(epoch FROM date_trunc('month', moment) + interval '1 month')::bigint * 1000;
            month text := 'm' || to_char(moment, 'YYYY_MM');
        BEGIN
            IF to_regclass('cloudstream_log.' || month) IS NOT NULL THEN RETURN; END IF;
            LOCK TABLE cloudstream_log.strays IN ACCESS EXCLUSIVE MODE;
            EXECUTE format('CREATE TABLE cloudstream_log.%I (LIKE public.event_log)', month);
            EXECUTE format(
                'WITH early AS (DELETE FROM cloudstream_log.strays WHERE time >= %s AND time < %s RETURNING *) '
                || 'INSERT INTO cloudstream_log.%I SELECT * FROM early', low, high, month);
            EXECUTE format(
                'ALTER TABLE public.event_log ATTACH PARTITION cloudstream_log.%I FOR VALUES FROM (%s) TO (%s)',
                month, low, high);
        END $$;

        -- Whether some group has yet to apply an event of the table.
        CREATE FUNCTION cloudstream_is_awaited(month regclass) RETURNS boolean LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $$
        DECLARE lane record; last bigint;
        BEGIN
            FOR lane IN
                SELECT o.partition, min(o.position) AS position FROM public.event_offsets o GROUP BY o.partition
            LOOP
                EXECUTE format('SELECT max(position) FROM %s WHERE partition = %s', month, lane.partition) INTO last;
                IF last > lane.position THEN RETURN true; END IF;
            END LOOP;
            RETURN false;
        END $$;

        -- Makes the month of `moment` and `ahead` more; drops those that ended before `expiry`, where every group has
        -- applied all of them; and removes as old events of no month. Returns how many went, of months as estimated.
        -- Whatever somebody else stands in the way of is left for the next time, since all others would wait with it.
        CREATE FUNCTION cloudstream_turn_months(moment bigint, expiry bigint, ahead int) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' SET client_min_messages = warning AS $$
        DECLARE
            here timestamp := to_timestamp(moment / 1000) AT TIME ZONE 'UTC';
            item record;
            removed bigint;
        BEGIN
            IF NOT pg_try_advisory_xact_lock(4740220) THEN RETURN 0; END IF;
            FOR step IN 0 .. least(greatest(ahead, 0), 12) LOOP
                BEGIN
                    PERFORM public.cloudstream_make_month(date_trunc('month', here) + step * interval '1 month');
                EXCEPTION WHEN lock_not_available THEN NULL;
                END;
            END LOOP;

            DELETE FROM cloudstream_log.strays WHERE ctid = ANY (ARRAY(
                SELECT s.ctid FROM cloudstream_log.strays s
                WHERE s.time < expiry AND s.position <= coalesce(
                    (SELECT min(o.position) FROM public.event_offsets o WHERE o.partition = s.partition),
                    9223372036854775807)
                LIMIT 10000));
            GET DIAGNOSTICS removed = ROW_COUNT;

            FOR item IN
                SELECT c.oid::regclass AS month, greatest(c.reltuples, 0)::bigint AS events FROM pg_class c
                WHERE c.relnamespace = 'cloudstream_log'::regnamespace AND c.relkind = 'r'
                    AND c.relname ~ '^m[0-9]{4}_[0-9]{2}$'
                    AND extract(epoch FROM to_date(substr(c.relname, 2), 'YYYY_MM') + interval '1 month') * 1000
                        <= expiry
                ORDER BY c.relname
            LOOP
                CONTINUE WHEN public.cloudstream_is_awaited(item.month);
                BEGIN
                    -- Nobody appends to it from here on; what came since is seen by asking again.
                    LOCK TABLE ONLY public.event_log IN ACCESS EXCLUSIVE MODE;
                    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', item.month);
                    CONTINUE WHEN public.cloudstream_is_awaited(item.month);
                    EXECUTE format('DROP TABLE %s', item.month);
                    removed := removed + item.events;
                EXCEPTION WHEN lock_not_available THEN NULL;
                END;
            END LOOP;
            RETURN removed;
        END $$;

        CREATE FUNCTION cloudstream_admit_to_event_log(who text) RETURNS void LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            EXECUTE format(
                'GRANT EXECUTE ON FUNCTION public.cloudstream_turn_months(bigint, bigint, int) TO %I', who);
        END $$;
        REVOKE ALL ON FUNCTION cloudstream_make_month(timestamp) FROM PUBLIC;
        REVOKE ALL ON FUNCTION cloudstream_is_awaited(regclass) FROM PUBLIC;
        REVOKE ALL ON FUNCTION cloudstream_turn_months(bigint, bigint, int) FROM PUBLIC;
        REVOKE ALL ON FUNCTION cloudstream_admit_to_event_log(text) FROM PUBLIC;

        DO $$ DECLARE item record; BEGIN
            FOR item IN
                SELECT DISTINCT date_trunc('month', to_timestamp(time / 1000) AT TIME ZONE 'UTC') AS month
                FROM cloudstream_log.old_log
                UNION SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + step * interval '1 month'
                FROM generate_series(0, 2) step
            LOOP
                PERFORM cloudstream_make_month(item.month);
            END LOOP;
        END $$;
        INSERT INTO event_log (position, partition, event_id, type, version, tenant_id, event_key, time, data,
            trace_parent) OVERRIDING SYSTEM VALUE
        SELECT position, partition, event_id, type, version, tenant_id, event_key, time, data, trace_parent
        FROM cloudstream_log.old_log;
        SELECT setval(
            pg_get_serial_sequence('event_log', 'position'),
            nextval(pg_get_serial_sequence('cloudstream_log.old_log', 'position')), false);
        DROP TABLE cloudstream_log.old_log;
        DO $$ DECLARE who text; BEGIN
            FOR who IN SELECT name FROM application_roles LOOP
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON event_log TO %I', who);
            END LOOP;
        END $$;
        """)
}
