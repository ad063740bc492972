extension Migration {
    /// Tables of no context: directory, outbox, once-records, log, jobs, leases.
    static let machinery = Migration(
        1, "machinery", tenantTables: ["applied"],
        """
        CREATE TABLE tenant_directory (
            tenant_id {uuid} NOT NULL PRIMARY KEY, region TEXT NOT NULL, shard {integer} NOT NULL,
            isolation TEXT NOT NULL, epoch {integer} NOT NULL) {clustered};

        CREATE TABLE applied (
            tenant_id {uuid} NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL,
            result {bytes} NOT NULL, created_at {integer} NOT NULL,
            PRIMARY KEY (tenant_id, scope, key)) {clustered};
        CREATE INDEX applied_by_age ON applied (created_at);

        CREATE TABLE outbox (
            position {identity}, event_id {uuid} NOT NULL, type TEXT NOT NULL, version {integer} NOT NULL,
            tenant_id {uuid} NOT NULL, event_key TEXT NOT NULL, time {integer} NOT NULL, data {bytes} NOT NULL,
            trace_parent TEXT);

        CREATE TABLE event_log (
            position {identity}, partition {integer} NOT NULL, event_id {uuid} NOT NULL UNIQUE,
            type TEXT NOT NULL, version {integer} NOT NULL, tenant_id {uuid} NOT NULL, event_key TEXT NOT NULL,
            time {integer} NOT NULL, data {bytes} NOT NULL, trace_parent TEXT);
        CREATE INDEX event_log_by_partition ON event_log (partition, position);

        CREATE TABLE event_offsets (
            consumer_group TEXT NOT NULL, partition {integer} NOT NULL, position {integer} NOT NULL,
            attempt {integer} NOT NULL, not_before {integer} NOT NULL, owner TEXT, held_until {integer} NOT NULL,
            fence {integer} NOT NULL, PRIMARY KEY (consumer_group, partition)) {clustered};

        CREATE TABLE event_members (
            consumer_group TEXT NOT NULL, member TEXT NOT NULL, alive_until {integer} NOT NULL,
            PRIMARY KEY (consumer_group, member)) {clustered};

        CREATE TABLE event_layout (
            id {integer} NOT NULL PRIMARY KEY CHECK (id = 1), partitions {integer} NOT NULL) {clustered};

        CREATE TABLE dead_letters (
            id {uuid} NOT NULL PRIMARY KEY, consumer_group TEXT NOT NULL, event_id {uuid} NOT NULL,
            type TEXT NOT NULL, version {integer} NOT NULL, tenant_id {uuid} NOT NULL, event_key TEXT NOT NULL,
            time {integer} NOT NULL, data {bytes} NOT NULL, trace_parent TEXT, reason TEXT NOT NULL,
            attempts {integer} NOT NULL, failed_at {integer} NOT NULL, replay_requested {integer} NOT NULL,
            UNIQUE (consumer_group, event_id)) {clustered};

        CREATE TABLE jobs (
            id {uuid} NOT NULL PRIMARY KEY, kind TEXT NOT NULL, job_key TEXT NOT NULL, tenant_id {uuid} NOT NULL,
            payload {bytes} NOT NULL, checkpoint {bytes}, state TEXT NOT NULL, attempt {integer} NOT NULL,
            due_at {integer} NOT NULL, leased_until {integer}, lease_token {integer} NOT NULL, worker TEXT,
            cancel_requested {integer} NOT NULL, reason TEXT, created_at {integer} NOT NULL,
            finished_at {integer}) {clustered};
        CREATE UNIQUE INDEX jobs_unfinished_key ON jobs (kind, job_key) WHERE state IN ('waiting', 'running');
        CREATE INDEX jobs_by_state ON jobs (kind, state, due_at, tenant_id);
        CREATE INDEX jobs_by_finish ON jobs (finished_at) WHERE finished_at IS NOT NULL;
        CREATE INDEX jobs_by_key ON jobs (kind, job_key);

        CREATE TABLE leases (
            name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, until {integer} NOT NULL,
            fence {integer} NOT NULL) {clustered};
        """)
}
