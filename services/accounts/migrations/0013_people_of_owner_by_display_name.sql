-- The people of a user, as others leaf through them.
CREATE INDEX CONCURRENTLY person_tenant_id_owner_display_name_idx
  ON person (tenant_id, owner, display_name, name) WHERE delete_time IS NULL;
