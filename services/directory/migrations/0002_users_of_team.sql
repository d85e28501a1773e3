-- The members of a team, by name.
CREATE INDEX CONCURRENTLY app_user_tenant_id_team_name_idx
  ON app_user (tenant_id, team, name);
