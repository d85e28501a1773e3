-- The people that are shared with somebody to be read; others cost it nothing.
CREATE INDEX CONCURRENTLY person_tenant_id_readers_idx
  ON person USING gin (tenant_id, readers) WHERE readers <> '{}'::text[];
