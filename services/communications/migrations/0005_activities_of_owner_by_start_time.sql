-- The calendar of a user.
CREATE INDEX CONCURRENTLY activity_tenant_id_owner_start_time_idx
  ON activity (tenant_id, owner, coalesce(start_time, '-infinity'::timestamptz), name) WHERE delete_time IS NULL;
