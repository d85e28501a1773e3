-- The prices of a product, by name.
CREATE INDEX CONCURRENTLY price_tenant_id_product_name_idx
  ON price (tenant_id, product, name);
