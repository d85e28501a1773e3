-- The activities of a user, by name.
CREATE INDEX CONCURRENTLY activity_tenant_id_owner_name_idx
  ON activity (tenant_id, owner, name);
