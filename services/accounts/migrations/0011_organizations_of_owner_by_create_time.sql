-- The organizations of a user, the newest first.
CREATE INDEX CONCURRENTLY organization_tenant_id_owner_create_time_idx
  ON organization (tenant_id, owner, create_time, name) WHERE delete_time IS NULL;
