-- name: UpsertRecordStates
-- tenant-free: a batch of events holds several tenants
INSERT INTO record_state AS s (tenant_id, name, epoch, version, state)
SELECT tenant_id, name, epoch, version, state
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[]) AS e(tenant_id, name, epoch, version, state)
ON CONFLICT (tenant_id, name) DO UPDATE SET epoch = EXCLUDED.epoch, version = EXCLUDED.version, state = EXCLUDED.state
WHERE (s.epoch, s.version) < (EXCLUDED.epoch, EXCLUDED.version);

-- name: RecordStates
SELECT name, version, state FROM record_state WHERE tenant_id = $1::uuid AND name = ANY ($2::text[]);
