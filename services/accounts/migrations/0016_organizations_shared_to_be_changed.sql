-- The organizations that are shared with somebody to be changed; others cost it nothing.
CREATE INDEX CONCURRENTLY organization_tenant_id_editors_idx
  ON organization USING gin (tenant_id, editors) WHERE editors <> '{}'::text[];
