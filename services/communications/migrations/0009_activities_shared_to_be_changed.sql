-- The activities that are shared with somebody to be changed; others cost it nothing.
CREATE INDEX CONCURRENTLY activity_tenant_id_editors_idx
  ON activity USING gin (tenant_id, editors) WHERE editors <> '{}'::text[];
