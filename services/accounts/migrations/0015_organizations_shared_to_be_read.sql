-- The organizations that are shared with somebody to be read; others cost it nothing.
CREATE INDEX CONCURRENTLY organization_tenant_id_readers_idx
  ON organization USING gin (tenant_id, readers) WHERE readers <> '{}'::text[];
