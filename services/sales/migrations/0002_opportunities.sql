-- Pipelines, their stages, and opportunities with their history. Orders have partial indexes because lists show live records only; a list
-- that shows deleted ones goes by name.

CREATE TABLE pipeline (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX pipeline_tenant_id_display_name_idx ON pipeline (tenant_id, display_name, name) WHERE delete_time IS NULL;

CREATE TABLE stage (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  parent text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  win_probability bigint,
  kind text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, parent) REFERENCES pipeline (tenant_id, name)
);

CREATE INDEX stage_tenant_id_parent_position_idx ON stage (tenant_id, parent, position, name)
  WHERE delete_time IS NULL;

-- Room is left in each page, because an opportunity is changed many times. The pipeline has no foreign key of its own: it is the parent of
-- the stage, which has one. Organization and owner belong to other services.
CREATE TABLE opportunity (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  organization text COLLATE "C",
  owner text COLLATE "C",
  pipeline text COLLATE "C",
  stage text COLLATE "C",
  state text COLLATE "C" NOT NULL,
  lines jsonb NOT NULL,
  amount numeric,
  amount_currency text COLLATE "C",
  close_amount numeric,
  close_amount_currency text COLLATE "C",
  open_time timestamptz,
  stage_enter_time timestamptz,
  expected_close_date date,
  close_date date,
  lost_reason text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, stage) REFERENCES stage (tenant_id, name)
) WITH (fillfactor = 80);

CREATE INDEX opportunity_tenant_id_create_time_idx ON opportunity (tenant_id, create_time, name)
  WHERE delete_time IS NULL;
CREATE INDEX opportunity_tenant_id_expected_close_date_idx
  ON opportunity (tenant_id, coalesce(expected_close_date, '-infinity'::date), name) WHERE delete_time IS NULL;
CREATE INDEX opportunity_tenant_id_amount_idx ON opportunity (tenant_id, coalesce(amount, 0::numeric), name)
  WHERE delete_time IS NULL;
CREATE INDEX opportunity_tenant_id_organization_idx ON opportunity (tenant_id, organization);
CREATE INDEX opportunity_tenant_id_owner_idx ON opportunity (tenant_id, owner);
CREATE INDEX opportunity_tenant_id_stage_idx ON opportunity (tenant_id, stage);

-- Written once by the verbs, from an opportunity and a stage that hold their own references: only the parent has a foreign key.
CREATE TABLE stage_change (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  parent text COLLATE "C" NOT NULL,
  from_stage text COLLATE "C" NOT NULL,
  to_stage text COLLATE "C",
  enter_time timestamptz,
  change_time timestamptz,
  duration_seconds bigint NOT NULL,
  actor text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, parent) REFERENCES opportunity (tenant_id, name)
);

CREATE INDEX stage_change_tenant_id_parent_change_time_idx
  ON stage_change (tenant_id, parent, coalesce(change_time, '-infinity'::timestamptz), name);
