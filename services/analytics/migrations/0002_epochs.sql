-- After a failover that lost the last changes a record continues in a higher epoch, at a version that was told before: of two states the
-- one with the higher (epoch, version) counts.
ALTER TABLE user_dimension ADD COLUMN epoch bigint NOT NULL DEFAULT 1;
ALTER TABLE team_dimension ADD COLUMN epoch bigint NOT NULL DEFAULT 1;
ALTER TABLE organization_dimension ADD COLUMN epoch bigint NOT NULL DEFAULT 1;
ALTER TABLE product_dimension ADD COLUMN epoch bigint NOT NULL DEFAULT 1;
ALTER TABLE stage_dimension ADD COLUMN epoch bigint NOT NULL DEFAULT 1;
ALTER TABLE opportunity_fact ADD COLUMN epoch bigint NOT NULL DEFAULT 1;
ALTER TABLE stage_entry_fact ADD COLUMN epoch bigint NOT NULL DEFAULT 1;
