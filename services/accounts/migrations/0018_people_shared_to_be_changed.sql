-- The people that are shared with somebody to be changed; others cost it nothing.
CREATE INDEX CONCURRENTLY person_tenant_id_editors_idx
  ON person USING gin (tenant_id, editors) WHERE editors <> '{}'::text[];
