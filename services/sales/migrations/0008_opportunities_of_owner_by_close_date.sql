-- The opportunities of a user, as they are due.
CREATE INDEX CONCURRENTLY opportunity_tenant_id_owner_expected_close_date_idx
  ON opportunity (tenant_id, owner, coalesce(expected_close_date, '-infinity'::date), name) WHERE delete_time IS NULL;
