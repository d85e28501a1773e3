-- Up to which seal the log of a tenant lies in the archive.
CREATE TABLE audit_archive (
  tenant_id uuid NOT NULL,
  number bigint NOT NULL,
  archive_time timestamptz NOT NULL,
  PRIMARY KEY (tenant_id)
);
