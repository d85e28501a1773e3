-- The affiliations of a person, by name.
CREATE INDEX CONCURRENTLY affiliation_tenant_id_person_name_idx
  ON affiliation (tenant_id, person, name);
