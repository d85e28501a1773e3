-- For indexes of what an array contains, within a tenant. Services that are migrated at the same time make it once, in a schema of its
-- own: it belongs to all of them.
SELECT pg_advisory_xact_lock(hashtext('lotura_extensions'));
CREATE SCHEMA IF NOT EXISTS lotura_extensions;
CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA lotura_extensions;
