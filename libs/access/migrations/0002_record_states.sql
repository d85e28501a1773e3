-- What records of any service are now, as far as their events have told and without what belongs to a person: kept by services that make
-- something of others' records, so that they can say who may read it. Names are full ones, "//sales.lotura/opportunities/o1".
CREATE TABLE record_state (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  version bigint NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (tenant_id, name)
) WITH (fillfactor = 80);
