-- Those that also order by name have taken their place.
DROP INDEX activity_tenant_id_owner_idx;
