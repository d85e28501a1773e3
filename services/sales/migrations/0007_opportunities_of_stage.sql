-- The opportunities in a stage, by name.
CREATE INDEX CONCURRENTLY opportunity_tenant_id_stage_name_idx
  ON opportunity (tenant_id, stage, name);
