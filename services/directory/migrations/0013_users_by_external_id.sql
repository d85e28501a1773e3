-- The user of somebody in the enterprise's directory.
CREATE INDEX CONCURRENTLY app_user_tenant_id_external_id_name_idx
  ON app_user (tenant_id, external_id, name);
