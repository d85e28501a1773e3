-- Tenants on which directory has work to do, among the records of the operator tenant.

-- name: TenantsToProvision
SELECT name FROM tenant
WHERE tenant_id = $1::uuid AND state = 'PROVISIONING' AND delete_time IS NULL
ORDER BY name LIMIT $2::bigint;

-- name: TenantsToPurge
-- Deleted before the instant $2. The index holds no others but those that are deleted and not purged.
SELECT name FROM tenant
WHERE tenant_id = $1::uuid AND delete_time IS NOT NULL AND state <> 'PURGING' AND delete_time <= $2::timestamptz
ORDER BY delete_time, name LIMIT $3::bigint;
