-- How far this service has got with removing what it holds of tenants that are gone. The rows are the operator tenant's, by the names of his
-- records, and stay: what is written here belongs to no tenant that is gone.
CREATE TABLE tenant_purge (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  -- Rows that were removed so far.
  removed bigint NOT NULL,
  -- When all tables were looked through for the first time, or later, when something was found again; NULL before.
  found_time timestamptz,
  -- When they were looked through and nothing was found any more.
  end_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);
