-- Requests that were committed, with their first answers. Kept by periods of seven days: the current one and the one before.
CREATE TABLE request (
  period date NOT NULL,
  tenant_id uuid NOT NULL,
  request_id uuid NOT NULL,
  hash bytea NOT NULL,
  answer_plain bytea NOT NULL,
  answer_personal bytea NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, request_id, period)
) PARTITION BY LIST (period);

-- One row for each value that no other live record of its kind may have.
CREATE TABLE match_key (
  tenant_id uuid NOT NULL,
  -- "<table>.<field>"
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, kind, key)
);

-- Records of other services that ours refer to, as far as their events have told.
CREATE TABLE foreign_record (
  tenant_id uuid NOT NULL,
  -- "//accounts.lotura/organizations/acme"
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  deleted boolean NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
