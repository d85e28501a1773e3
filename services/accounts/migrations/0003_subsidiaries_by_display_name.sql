-- The subsidiaries of a company, as people leaf through them.
CREATE INDEX CONCURRENTLY organization_tenant_id_parent_organization_display_name_idx
  ON organization (tenant_id, parent_organization, display_name, name) WHERE delete_time IS NULL;
