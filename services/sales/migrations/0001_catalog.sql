-- Products and price lists. Orders have partial indexes because lists show live records only; a list that shows deleted ones goes by name.

CREATE TABLE product (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  sku text COLLATE "C" NOT NULL,
  series text COLLATE "C" NOT NULL,
  list_price numeric,
  list_price_currency text COLLATE "C",
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX product_tenant_id_display_name_idx ON product (tenant_id, display_name, name) WHERE delete_time IS NULL;

CREATE TABLE price_list (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text COLLATE "C" NOT NULL,
  currency_code text COLLATE "C" NOT NULL,
  start_date date,
  end_date date,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name)
);

CREATE INDEX price_list_tenant_id_display_name_idx ON price_list (tenant_id, display_name, name)
  WHERE delete_time IS NULL;

CREATE TABLE price (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  parent text COLLATE "C" NOT NULL,
  product text COLLATE "C",
  unit_price numeric,
  unit_price_currency text COLLATE "C",
  min_quantity bigint,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id, parent) REFERENCES price_list (tenant_id, name),
  FOREIGN KEY (tenant_id, product) REFERENCES product (tenant_id, name)
);

CREATE INDEX price_tenant_id_parent_name_idx ON price (tenant_id, parent, name) WHERE delete_time IS NULL;
CREATE INDEX price_tenant_id_product_idx ON price (tenant_id, product);
