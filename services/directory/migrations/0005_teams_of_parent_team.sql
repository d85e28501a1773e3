-- The teams below one, by name.
CREATE INDEX CONCURRENTLY team_tenant_id_parent_team_name_idx
  ON team (tenant_id, parent_team, name);
