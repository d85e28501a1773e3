-- The organizations of a user, by name.
CREATE INDEX CONCURRENTLY organization_tenant_id_owner_name_idx
  ON organization (tenant_id, owner, name);
