-- Keys of clients, and by what they are recognized.

CREATE TABLE api_key (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  parent text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  token_start text COLLATE "C" NOT NULL,
  scopes text[] COLLATE "C" NOT NULL,
  expire_time timestamptz,
  suspended boolean NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, parent) REFERENCES client (tenant_id, name)
);

CREATE INDEX api_key_tenant_id_parent_name_idx ON api_key (tenant_id, parent, name) WHERE delete_time IS NULL;
CREATE INDEX api_key_tenant_id_token_start_name_idx ON api_key (tenant_id, token_start, name);

CREATE TABLE api_key_secret (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  parent text COLLATE "C" NOT NULL,
  secret_hash text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, parent) REFERENCES api_key (tenant_id, name)
);

CREATE INDEX api_key_secret_tenant_id_parent_name_idx ON api_key_secret (tenant_id, parent, name);
