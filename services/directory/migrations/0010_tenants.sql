-- Tenants of the installation: records of its operator tenant. The order has a partial index because lists show live records only; a list that
-- shows deleted ones goes by name.

CREATE TABLE tenant (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  administrator text COLLATE "C" NOT NULL,
  suspended boolean NOT NULL,
  state text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX tenant_tenant_id_display_name_idx ON tenant (tenant_id, display_name, name) WHERE delete_time IS NULL;
CREATE INDEX tenant_tenant_id_state_name_idx ON tenant (tenant_id, state, name);
