-- After a failover that lost the last changes a record continues in a higher epoch, at a version that was told before. Rows without one
-- are older than whatever is told next.
ALTER TABLE foreign_record ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
