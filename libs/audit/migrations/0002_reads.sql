-- Who read what: pages of some hundred reads of a tenant. Rows are never changed; days are dropped.
CREATE TABLE audit_read (
  tenant_id uuid NOT NULL,
  -- Of the first and the last read of the page, not more than ten seconds later.
  first_time timestamptz NOT NULL,
  last_time timestamptz NOT NULL,
  page_id uuid NOT NULL,
  reads bigint NOT NULL,
  -- lotura.audit.v1.ReadPage
  content bytea NOT NULL,
  PRIMARY KEY (tenant_id, first_time, page_id)
) PARTITION BY RANGE (first_time);

SELECT add_day_partition('audit_read', (now() AT TIME ZONE 'UTC')::date + ahead) FROM generate_series(-1, 7) AS ahead;
