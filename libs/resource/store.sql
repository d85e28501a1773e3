-- name: FindRequest
SELECT hash, answer_plain, answer_personal FROM request
WHERE tenant_id = $1::uuid AND request_id = $2::uuid
LIMIT 1;

-- name: BackendIsAlive
-- tenant-free: a process of the server
SELECT count(*) FROM pg_stat_activity WHERE pid = $1::bigint;

-- name: MissingForeignRecords
SELECT asked.name FROM unnest($2::text[]) AS asked(name)
WHERE NOT EXISTS (
  SELECT 1 FROM foreign_record f WHERE f.tenant_id = $1::uuid AND f.name = asked.name AND NOT f.deleted);
