-- Once, on the primary:
--   psql -h /var/run/postgresql -U postgres -v owner=PASSWORD -v app=PASSWORD -f deploy/patroni/roles.sql
\set ON_ERROR_STOP 1
-- Owns the schema; used by migrations alone. May create databases and roles, as tenants with a database of their own need.
CREATE ROLE cloudstream_owner LOGIN CREATEDB CREATEROLE PASSWORD :'owner';
-- Serves requests, owns nothing: row-level security holds for it.
CREATE ROLE cloudstream_app LOGIN PASSWORD :'app';
-- So that it sees at once which history a replica follows after a failover.
GRANT pg_read_all_stats TO cloudstream_app;
CREATE DATABASE cloudstream OWNER cloudstream_owner;
REVOKE CONNECT ON DATABASE cloudstream FROM PUBLIC;
GRANT CONNECT ON DATABASE cloudstream TO cloudstream_app;
