-- Users and teams. Orders have partial indexes because lists show live records only; a list that shows deleted ones goes by name.

CREATE TABLE team (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  manager text COLLATE "C",
  region text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX team_tenant_id_display_name_idx ON team (tenant_id, display_name, name) WHERE delete_time IS NULL;

CREATE TABLE app_user (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  email text COLLATE "C" NOT NULL,
  team text COLLATE "C",
  manager text COLLATE "C",
  job_title text COLLATE "C" NOT NULL,
  suspended boolean NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, team) REFERENCES team (tenant_id, name),
  FOREIGN KEY (tenant_id, manager) REFERENCES app_user (tenant_id, name)
);

CREATE INDEX app_user_tenant_id_display_name_idx ON app_user (tenant_id, display_name, name) WHERE delete_time IS NULL;
CREATE INDEX app_user_tenant_id_team_idx ON app_user (tenant_id, team);

-- A team is led by a user, and a user belongs to a team: the second of the two references comes afterwards.
ALTER TABLE team ADD FOREIGN KEY (tenant_id, manager) REFERENCES app_user (tenant_id, name);
