-- After a failover that lost the last changes a record continues in a higher epoch, at a version that was told before: of two states the
-- one with the higher (epoch, version) counts.
ALTER TABLE foreign_record ADD COLUMN epoch bigint NOT NULL DEFAULT 1;
