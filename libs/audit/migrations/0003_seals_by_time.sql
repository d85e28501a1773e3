-- Where a search by time begins.
CREATE INDEX CONCURRENTLY audit_seal_seal_time_idx ON audit_seal (tenant_id, seal_time);
