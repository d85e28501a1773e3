-- The opportunities in a stage, as they are due.
CREATE INDEX CONCURRENTLY opportunity_tenant_id_stage_expected_close_date_idx
  ON opportunity (tenant_id, stage, coalesce(expected_close_date, '-infinity'::date), name) WHERE delete_time IS NULL;
