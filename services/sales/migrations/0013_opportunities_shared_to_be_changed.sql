-- The opportunities that are shared with somebody to be changed; others cost it nothing.
CREATE INDEX CONCURRENTLY opportunity_tenant_id_editors_idx
  ON opportunity USING gin (tenant_id, editors) WHERE editors <> '{}'::text[];
