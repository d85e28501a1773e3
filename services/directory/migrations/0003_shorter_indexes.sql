-- Those that also order by name have taken their place.
DROP INDEX app_user_tenant_id_team_idx;
