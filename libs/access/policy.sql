-- name: UpsertPolicyRecords
-- tenant-free: a batch of events holds several tenants
INSERT INTO policy_record AS p (tenant_id, name, resource_type, epoch, version, deleted, record)
SELECT tenant_id, name, resource_type, epoch, version, deleted, record
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[], $7::bytea[])
  AS e(tenant_id, name, epoch, version, resource_type, deleted, record)
ON CONFLICT (tenant_id, name) DO UPDATE
SET epoch = EXCLUDED.epoch, version = EXCLUDED.version, deleted = EXCLUDED.deleted, record = EXCLUDED.record, xid = pg_current_xact_id()
WHERE (p.epoch, p.version) < (EXCLUDED.epoch, EXCLUDED.version);

-- name: PolicyHorizon
-- tenant-free: no transaction before this one is open any more; and where the database lives
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, database_origin();

-- name: ChangedPolicyRecords
-- tenant-free: those of all tenants, from a transaction on
SELECT tenant_id, name, resource_type, deleted, record, xid::text FROM policy_record
WHERE (xid, tenant_id, name) > ($1::text::xid8, $2::uuid, $3::text)
ORDER BY xid, tenant_id, name LIMIT $4::bigint;
