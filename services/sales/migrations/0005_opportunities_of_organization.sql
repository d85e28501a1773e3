-- The opportunities of a company, by name.
CREATE INDEX CONCURRENTLY opportunity_tenant_id_organization_name_idx
  ON opportunity (tenant_id, organization, name);
