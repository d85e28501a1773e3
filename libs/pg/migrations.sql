-- name: HasMigrationTable
SELECT to_regclass('schema_migration') IS NOT NULL;

-- name: AppliedMigrations
SELECT set_name, number, digest FROM schema_migration ORDER BY set_name, number;

-- name: RecordMigration
INSERT INTO schema_migration (set_name, number, what, digest) VALUES ($1::text, $2::bigint, $3::text, $4::text);

-- name: TryLockMigrations
SELECT pg_try_advisory_lock(hashtextextended('lotura-migrate', 0));

-- name: UnlockMigrations
SELECT pg_advisory_unlock(hashtextextended('lotura-migrate', 0));

-- name: InvalidIndexesNamedIn
-- tenant-free: it reads the server's catalog.
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = current_schema() AND $1::text ~ ('\y' || c.relname || '\y');
