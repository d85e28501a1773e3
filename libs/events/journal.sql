-- The journal as the relay reads it, its leases and cursors. Exempt from the rule that a statement is for one tenant.

-- name: ReadLeaf
-- One day's partition stands for journal_leaf when the statement is built. No transaction that is still
-- running can add an entry below the horizon, so the order below it is final. Entries of an epoch that
-- has ended are below any horizon: $4 is then the highest number, otherwise 0.
SELECT j.epoch, j.xid, j.seq, j.create_time, j.tenant_id, j.event_id, j.name, j.type, j.resource_type, j.version, j.kind,
  j.changed_fields, j.before_plain, j.before_personal, j.after_plain, j.after_personal, j.detail, j.person_keys, j.actor, j.method,
  j.request_id, j.cause, j.traceparent,
  coalesce(octet_length(j.after_plain), 0) + coalesce(octet_length(j.before_plain), 0) + coalesce(octet_length(j.after_personal), 0)
    + coalesce(octet_length(j.before_personal), 0) + coalesce(octet_length(j.detail), 0) + 400 AS size
FROM journal_leaf j
WHERE (j.xid, j.seq) > ($2::xid8, $3::bigint) AND j.xid < greatest($4::xid8, pg_snapshot_xmin(pg_current_snapshot()))
  AND j.epoch = $1::bigint
ORDER BY j.xid, j.seq LIMIT $5::bigint

-- name: BoundRead
-- The first entries of the leaves together, no more than $5 and, but for the first, no more than $6 bytes.
-- All leaves are read under one snapshot. Each leaf has its own limit, since PostgreSQL would sort whole
-- leaves rather than merge their indexes. Write j.xid: an unqualified xid would sort the text of the result.
SELECT b.epoch, b.xid, b.seq, b.create_time, b.tenant_id, b.event_id, b.name, b.type, b.resource_type, b.version, b.kind,
  b.changed_fields, b.before_plain, b.before_personal, b.after_plain, b.after_personal, b.detail, b.person_keys, b.actor, b.method,
  b.request_id, b.cause, b.traceparent
FROM (
  SELECT j.*, sum(j.size) OVER (ORDER BY j.xid, j.seq ROWS UNBOUNDED PRECEDING) - j.size AS bytes_before
  FROM (SELECT j.* FROM (journal_leaves) j ORDER BY j.xid, j.seq LIMIT $5::bigint) j
) b
WHERE b.bytes_before < $6::bigint
ORDER BY b.xid, b.seq

-- name: LeafHasMore
-- Whether a leaf may be left: the horizon has passed $4, and nothing is in it beyond the position.
SELECT pg_snapshot_xmin(pg_current_snapshot()) < $4::xid8 OR EXISTS (
  SELECT 1 FROM journal_leaf j WHERE (j.xid, j.seq) > ($2::xid8, $3::bigint) AND j.epoch = $1::bigint)

-- name: OldestInLeaf
-- The first entry after the position, be it behind the horizon or not.
SELECT j.xid, j.seq, j.create_time FROM journal_leaf j
WHERE (j.xid, j.seq) > ($2::xid8, $3::bigint) AND j.epoch = $1::bigint
ORDER BY j.xid, j.seq LIMIT 1

-- name: JournalEpochs
SELECT e.epoch, e.first_xid FROM journal_epoch e ORDER BY e.epoch

-- name: Horizon
-- The oldest transaction that may still write, and the one that would be next.
SELECT pg_snapshot_xmin(pg_current_snapshot()), pg_snapshot_xmax(pg_current_snapshot())

-- name: RunningTransactions
-- Every transaction of the cluster holds the lock on its own number, whoever it belongs to.
SELECT l.virtualtransaction FROM pg_locks l WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted
  AND l.pid <> pg_backend_pid()

-- name: AcquireLease
-- Says also where the database lives, and whether the current epoch began there.
INSERT INTO lease AS l (name, holder, term, expire_time)
VALUES ($1::text, $2::uuid, 1, clock_timestamp() + $3::bigint * interval '1 millisecond')
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, term = l.term + CASE WHEN l.holder = excluded.holder THEN 0 ELSE 1 END, expire_time = excluded.expire_time
WHERE l.holder = excluded.holder OR l.expire_time <= clock_timestamp()
RETURNING l.term, database_origin(), database_origin() = (SELECT e.origin FROM journal_epoch e ORDER BY e.epoch DESC LIMIT 1)

-- name: ReleaseLease
UPDATE lease SET expire_time = '-infinity' WHERE name = $1::text AND holder = $2::uuid AND term = $3::bigint

-- name: LoadCursor
SELECT c.epoch, c.xid, c.seq FROM relay_cursor c WHERE c.relay = $1::text

-- name: KeepFor
-- A position in front of everything: no day of the journal is dropped before the relay has confirmed it.
INSERT INTO relay_cursor (relay, epoch, xid, seq, update_time)
SELECT k.relay, 0, '0'::xid8, 0, clock_timestamp() FROM unnest($1::text[]) AS k(relay)
ON CONFLICT (relay) DO NOTHING

-- name: KeepNoMoreFor
DELETE FROM relay_cursor WHERE relay = $1::text

-- name: SaveCursor
-- Moves forward only, and only in the database that was read; says whether the lease is held.
WITH here AS (
  SELECT 1 WHERE database_origin() = $8::text
), held AS (
  SELECT 1 FROM lease l, here
  WHERE l.name = $5::text AND l.holder = $6::uuid AND l.term = $7::bigint AND l.expire_time > clock_timestamp()
), saved AS (
  INSERT INTO relay_cursor AS c (relay, epoch, xid, seq, update_time)
  SELECT $1::text, $2::bigint, $3::xid8, $4::bigint, clock_timestamp() FROM here
  ON CONFLICT (relay) DO UPDATE
  SET epoch = excluded.epoch, xid = excluded.xid, seq = excluded.seq, update_time = excluded.update_time
  WHERE (c.epoch, c.xid, c.seq) < (excluded.epoch, excluded.xid, excluded.seq)
)
SELECT EXISTS (SELECT 1 FROM held)

-- name: EnsureEpoch
SELECT ensure_epoch()::bigint
