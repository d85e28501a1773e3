-- The people of a user, the newest first.
CREATE INDEX CONCURRENTLY person_tenant_id_owner_create_time_idx
  ON person (tenant_id, owner, create_time, name) WHERE delete_time IS NULL;
