-- The activities that are shared with somebody to be read; others cost it nothing.
CREATE INDEX CONCURRENTLY activity_tenant_id_readers_idx
  ON activity USING gin (tenant_id, readers) WHERE readers <> '{}'::text[];
