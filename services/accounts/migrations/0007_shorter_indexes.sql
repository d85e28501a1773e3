-- Those that also order by name have taken their place.
DROP INDEX organization_tenant_id_parent_organization_idx;
DROP INDEX affiliation_tenant_id_person_idx;
DROP INDEX affiliation_tenant_id_organization_idx;
