-- The user of an address.
CREATE INDEX CONCURRENTLY app_user_tenant_id_email_name_idx
  ON app_user (tenant_id, email, name);
