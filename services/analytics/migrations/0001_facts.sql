-- Facts and what they are grouped by, projected from the events of all services. Each row is keyed by the record that it comes from and
-- carries that record's version: an event that was seen before, or that is older, changes nothing. Names are full ones, "//sales.lotura/...".
-- Nothing refers by foreign key: the events of two records may come in either order.

CREATE TABLE user_dimension (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  team text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

CREATE TABLE team_dimension (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  region text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

CREATE TABLE organization_dimension (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  sector text COLLATE "C" NOT NULL,
  country_code text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

CREATE TABLE product_dimension (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

-- A stage that was deleted keeps its row: opportunities have been through it.
CREATE TABLE stage_dimension (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  pipeline text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  deleted boolean NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX stage_dimension_tenant_id_pipeline_idx ON stage_dimension (tenant_id, pipeline, position, name);

-- An opportunity as it is now. The three arrays run in parallel, one place for each product: what part of the amount and of the close
-- amount is its. An opportunity without lines has one place, for no product.
CREATE TABLE opportunity_fact (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  deleted boolean NOT NULL,
  organization text COLLATE "C" NOT NULL,
  owner text COLLATE "C" NOT NULL,
  pipeline text COLLATE "C" NOT NULL,
  stage text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  amount numeric NOT NULL,
  amount_currency text COLLATE "C" NOT NULL,
  close_amount numeric NOT NULL,
  close_amount_currency text COLLATE "C" NOT NULL,
  open_time timestamptz NOT NULL,
  close_date date,
  products text[] COLLATE "C" NOT NULL,
  product_amounts numeric[] NOT NULL,
  product_close_amounts numeric[] NOT NULL,
  PRIMARY KEY (tenant_id, name)
) WITH (fillfactor = 80);

CREATE INDEX opportunity_fact_tenant_id_pipeline_idx ON opportunity_fact (tenant_id, pipeline, open_time);
CREATE INDEX opportunity_fact_tenant_id_close_date_idx ON opportunity_fact (tenant_id, close_date)
  WHERE state = 'WON' AND NOT deleted;

-- That an opportunity came into a stage: at its creation, or by the version that moved it. Written once, never changed.
CREATE TABLE stage_entry_fact (
  tenant_id uuid NOT NULL,
  opportunity text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  to_stage text COLLATE "C" NOT NULL,
  enter_time timestamptz NOT NULL,
  -- The stage that it left, and how long it had been there; unset at creation.
  from_stage text COLLATE "C",
  from_duration interval,
  PRIMARY KEY (tenant_id, opportunity, version)
);
