-- The subsidiaries of a company, the newest first.
CREATE INDEX CONCURRENTLY organization_tenant_id_parent_organization_create_time_idx
  ON organization (tenant_id, parent_organization, create_time, name) WHERE delete_time IS NULL;
