-- Those that also order by name have taken their place.
DROP INDEX price_tenant_id_product_idx;
DROP INDEX opportunity_tenant_id_organization_idx;
DROP INDEX opportunity_tenant_id_owner_idx;
DROP INDEX opportunity_tenant_id_stage_idx;
