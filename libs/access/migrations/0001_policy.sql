-- What directory says of who may do what, as far as its events have told: users, teams, roles, permission sets and assignments, without
-- what belongs to a person.
CREATE TABLE policy_record (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  -- Full name of the record's message.
  resource_type text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  version bigint NOT NULL,
  deleted boolean NOT NULL,
  record bytea NOT NULL,
  -- The transaction that wrote this, by which changes are found.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, name)
);

-- tenant-free: all that has changed since somebody looked
CREATE INDEX policy_record_xid_idx ON policy_record (xid);
