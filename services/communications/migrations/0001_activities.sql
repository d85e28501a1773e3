-- Calls, meetings, messages and notes. The order has a partial index because lists show live records only; a list that shows deleted ones
-- goes by name.

CREATE TABLE activity (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  body text COLLATE "C" NOT NULL,
  start_time timestamptz,
  end_time timestamptz,
  regarding text[] COLLATE "C" NOT NULL,
  participants text[] COLLATE "C" NOT NULL,
  owner text COLLATE "C",
  direction text COLLATE "C" NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX activity_tenant_id_start_time_idx
  ON activity (tenant_id, coalesce(start_time, '-infinity'::timestamptz), name) WHERE delete_time IS NULL;
CREATE INDEX activity_tenant_id_owner_idx ON activity (tenant_id, owner);
