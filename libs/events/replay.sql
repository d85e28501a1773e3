-- Rebuilding a projection, and what keeps its consumer away meanwhile. Exempt from the rule that a statement is for one tenant: consumers belong to none.

-- name: StandInGate
-- Until the transaction ends nobody closes or opens the gate. Takes no transaction number, so that nobody waits with one.
SELECT pg_advisory_xact_lock_shared(hashtextextended('lotura-gate/' || $1::text, 0))

-- name: HoldGate
-- Waits for those who stand in it, before the transaction writes anything.
SELECT pg_advisory_xact_lock(hashtextextended('lotura-gate/' || $1::text, 0))

-- name: LookAtGate
SELECT g.generation, g.closed FROM consumer_gate g WHERE g.consumer = $1::text

-- name: CloseGate
-- No row if it was closed.
INSERT INTO consumer_gate AS g (consumer, generation, closed) VALUES ($1::text, 1, true)
ON CONFLICT (consumer) DO UPDATE SET closed = true, generation = g.generation + 1 WHERE NOT g.closed
RETURNING g.generation

-- name: OpenGate
UPDATE consumer_gate SET closed = false WHERE consumer = $1::text

-- name: ForgetParked
DELETE FROM parked_event WHERE consumer = $1::text

-- name: ForgetDeadLetters
DELETE FROM dead_letter WHERE consumer = $1::text

-- name: ForgetRebuild
DELETE FROM rebuild_position WHERE consumer = $1::text

-- name: LoadRebuilt
SELECT r.epoch, r.xid, r.seq FROM rebuild_position r WHERE r.consumer = $1::text AND r.source = $2::text

-- name: SaveRebuilt
INSERT INTO rebuild_position AS r (consumer, source, epoch, xid, seq)
VALUES ($1::text, $2::text, $3::bigint, $4::xid8, $5::bigint)
ON CONFLICT (consumer, source) DO UPDATE SET epoch = excluded.epoch, xid = excluded.xid, seq = excluded.seq

-- name: MigrationDay
-- When the schema was made.
SELECT min(m.apply_time) FROM schema_migration m

-- name: CountRows
-- A table of the projection stands for projection_table when the statement is built.
SELECT count(*) FROM projection_table p

-- name: CountPublished
-- Entries up to a position: (epoch, transaction, sequence).
SELECT count(*) FROM journal j WHERE (j.epoch::bigint, j.xid, j.seq) <= ($1::bigint, $2::xid8, $3::bigint)
