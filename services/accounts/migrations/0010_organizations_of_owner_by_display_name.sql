-- The organizations of a user, as people leaf through them.
CREATE INDEX CONCURRENTLY organization_tenant_id_owner_display_name_idx
  ON organization (tenant_id, owner, display_name, name) WHERE delete_time IS NULL;
