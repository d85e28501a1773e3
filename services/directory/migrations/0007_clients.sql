-- Programs that call by themselves. The order has a partial index because lists show live records only; a list that shows deleted ones goes by name.

CREATE TABLE client (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  suspended boolean NOT NULL,
  expire_time timestamptz,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX client_tenant_id_display_name_idx ON client (tenant_id, display_name, name) WHERE delete_time IS NULL;
