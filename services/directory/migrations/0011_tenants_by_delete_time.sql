-- Deleted tenants whose grace may be over, by when it began. Once they are purged they leave it.
CREATE INDEX CONCURRENTLY tenant_tenant_id_delete_time_name_idx
  ON tenant (tenant_id, delete_time, name) WHERE delete_time IS NOT NULL AND state <> 'PURGING';
