-- The opportunities that are shared with somebody to be read; others cost it nothing.
CREATE INDEX CONCURRENTLY opportunity_tenant_id_readers_idx
  ON opportunity USING gin (tenant_id, readers) WHERE readers <> '{}'::text[];
