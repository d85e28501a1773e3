-- The people of a user, by name.
CREATE INDEX CONCURRENTLY person_tenant_id_owner_name_idx
  ON person (tenant_id, owner, name);
