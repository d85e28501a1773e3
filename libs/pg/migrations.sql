-- name: AppliedMigrations
SELECT set_name, number, digest FROM schema_migration ORDER BY set_name, number;

-- name: RecordMigration
INSERT INTO schema_migration (set_name, number, what, digest) VALUES ($1::text, $2::bigint, $3::text, $4::text);

-- name: LockMigrations
SELECT pg_advisory_lock(hashtextextended('lotura-migrate', 0));

-- name: UnlockMigrations
SELECT pg_advisory_unlock(hashtextextended('lotura-migrate', 0));
