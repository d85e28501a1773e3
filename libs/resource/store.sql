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

-- name: RememberRequest
-- A request that changed nothing is remembered as well; one that is known already stays as it is.
INSERT INTO request (period, tenant_id, request_id, hash, answer_plain, answer_personal)
SELECT p.period, $1::uuid, $2::uuid, $3::bytea, $4::bytea, $5::bytea FROM unnest($6::date[]) AS p(period)
WHERE NOT EXISTS (SELECT 1 FROM request r WHERE r.tenant_id = $1::uuid AND r.request_id = $2::uuid)
ON CONFLICT DO NOTHING RETURNING period;

-- name: UpsertForeignRecords
-- tenant-free: a batch of events holds several tenants
INSERT INTO foreign_record AS f (tenant_id, name, epoch, version, deleted)
SELECT tenant_id, name, epoch, version, deleted
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::boolean[]) AS e(tenant_id, name, epoch, version, deleted)
ON CONFLICT (tenant_id, name) DO UPDATE SET epoch = EXCLUDED.epoch, version = EXCLUDED.version, deleted = EXCLUDED.deleted
WHERE (f.epoch, f.version) < (EXCLUDED.epoch, EXCLUDED.version);
