-- Organizations, people and who works where. Orders have partial indexes because lists show live records only; a list that shows deleted
-- ones goes by name. Lookups have full ones: they find few rows, deleted or not.

CREATE TABLE organization (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  sector text COLLATE "C" NOT NULL,
  founded_year bigint,
  annual_revenue numeric,
  annual_revenue_currency text COLLATE "C",
  employee_count bigint,
  domain text COLLATE "C" NOT NULL,
  country_code text COLLATE "C" NOT NULL,
  addresses jsonb NOT NULL,
  phones jsonb NOT NULL,
  emails text[] COLLATE "C" NOT NULL,
  parent_organization text COLLATE "C",
  tags text[] COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, parent_organization) REFERENCES organization (tenant_id, name)
) WITH (fillfactor = 90);

CREATE INDEX organization_tenant_id_display_name_idx ON organization (tenant_id, display_name, name)
  WHERE delete_time IS NULL;
CREATE INDEX organization_tenant_id_create_time_idx ON organization (tenant_id, create_time, name)
  WHERE delete_time IS NULL;
CREATE INDEX organization_tenant_id_domain_idx ON organization (tenant_id, domain);
CREATE INDEX organization_tenant_id_parent_organization_idx ON organization (tenant_id, parent_organization);

CREATE TABLE person (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  given_name text COLLATE "C" NOT NULL,
  family_name text COLLATE "C" NOT NULL,
  email text COLLATE "C" NOT NULL,
  phones jsonb NOT NULL,
  addresses jsonb NOT NULL,
  birth_date date,
  language_code text COLLATE "C" NOT NULL,
  tags text[] COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
) WITH (fillfactor = 90);

CREATE INDEX person_tenant_id_display_name_idx ON person (tenant_id, display_name, name) WHERE delete_time IS NULL;
CREATE INDEX person_tenant_id_create_time_idx ON person (tenant_id, create_time, name) WHERE delete_time IS NULL;
CREATE INDEX person_tenant_id_email_idx ON person (tenant_id, email);

CREATE TABLE affiliation (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  person text COLLATE "C",
  organization text COLLATE "C",
  job_title text COLLATE "C" NOT NULL,
  start_date date,
  end_date date,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, person) REFERENCES person (tenant_id, name),
  FOREIGN KEY (tenant_id, organization) REFERENCES organization (tenant_id, name)
);

CREATE INDEX affiliation_tenant_id_person_idx ON affiliation (tenant_id, person);
CREATE INDEX affiliation_tenant_id_organization_idx ON affiliation (tenant_id, organization);
