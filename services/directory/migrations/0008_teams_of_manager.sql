-- The teams that somebody leads, by name.
CREATE INDEX CONCURRENTLY team_tenant_id_manager_name_idx
  ON team (tenant_id, manager, name);
