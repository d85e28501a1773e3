-- The team of a group in the enterprise's directory.
CREATE INDEX CONCURRENTLY team_tenant_id_external_id_name_idx
  ON team (tenant_id, external_id, name);
