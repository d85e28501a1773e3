-- The subsidiaries of a company, by name.
CREATE INDEX CONCURRENTLY organization_tenant_id_parent_organization_name_idx
  ON organization (tenant_id, parent_organization, name);
