-- What a service asks of its database when it starts. Exempt from the rule that a statement is for one tenant.

-- name: LockPartitions
-- One process of the service at a time makes the partitions of requests.
SELECT pg_advisory_xact_lock(hashtextextended('lotura-partitions', 0))

-- name: Durability
SELECT current_setting('synchronous_commit') <> 'off', current_setting('synchronous_standby_names') <> ''
