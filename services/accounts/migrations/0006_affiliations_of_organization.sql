-- The affiliations of an organization, by name.
CREATE INDEX CONCURRENTLY affiliation_tenant_id_organization_name_idx
  ON affiliation (tenant_id, organization, name);
