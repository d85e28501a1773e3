-- Roles, what they are made of, and who has them. Orders have partial indexes because lists show live records only; a list that shows
-- deleted ones goes by name.

CREATE TABLE permission_set (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  description text COLLATE "C" NOT NULL,
  permissions text[] COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX permission_set_tenant_id_display_name_idx ON permission_set (tenant_id, display_name, name) WHERE delete_time IS NULL;

CREATE TABLE role (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  description text COLLATE "C" NOT NULL,
  base_role text COLLATE "C",
  permission_sets text[] COLLATE "C" NOT NULL,
  permissions text[] COLLATE "C" NOT NULL,
  record_rules jsonb NOT NULL,
  field_rules jsonb NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, base_role) REFERENCES role (tenant_id, name)
);

CREATE INDEX role_tenant_id_display_name_idx ON role (tenant_id, display_name, name) WHERE delete_time IS NULL;
CREATE INDEX role_tenant_id_base_role_name_idx ON role (tenant_id, base_role, name);

CREATE TABLE role_assignment (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  role text COLLATE "C",
  member text COLLATE "C",
  record_types text[] COLLATE "C" NOT NULL,
  expire_time timestamptz,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, role) REFERENCES role (tenant_id, name)
);

COMMENT ON COLUMN role_assignment.member IS 'No foreign key: it is a user or a team.';
CREATE INDEX role_assignment_tenant_id_role_name_idx ON role_assignment (tenant_id, role, name);
CREATE INDEX role_assignment_tenant_id_member_name_idx ON role_assignment (tenant_id, member, name);
