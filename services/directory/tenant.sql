-- Tenants on which directory has work to do, among the records of the operator tenant.

-- name: TenantsToProvision
SELECT name FROM tenant
WHERE tenant_id = $1::uuid AND state = 'PROVISIONING' AND delete_time IS NULL
ORDER BY name LIMIT $2::bigint;

-- name: TenantsToPurge
-- Deleted before the instant $2.
SELECT name FROM tenant
WHERE tenant_id = $1::uuid AND delete_time <= $2::timestamptz AND state <> 'PURGING'
ORDER BY name LIMIT $3::bigint;
