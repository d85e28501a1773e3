-- The opportunities of a user, by name.
CREATE INDEX CONCURRENTLY opportunity_tenant_id_owner_name_idx
  ON opportunity (tenant_id, owner, name);
