-- The journal as readers of the past see it. Entries below a horizon that was seen before are final, so that several statements agree on them.

-- name: HistoryStart
-- The horizon, and where each leaf goes on behind a position: one row for it, and one for each leaf that has more. One snapshot.
SELECT -1::bigint, pg_snapshot_xmin(pg_current_snapshot()), 0::bigint UNION ALL (history_leaves)

-- name: HistoryStartOfLeaf
SELECT leaf_number::bigint, j.xid, j.seq FROM (
  SELECT j.xid, j.seq FROM journal_leaf j WHERE (j.xid, j.seq) > ($2::xid8, $3::bigint) AND j.epoch = $1::bigint
  ORDER BY j.xid, j.seq LIMIT 1) j

-- name: HistoryLeaf
-- No more than $6 entries between two positions, of whomever they are.
SELECT j.xid, j.seq, j.create_time FROM journal_leaf j
WHERE (j.xid, j.seq) > ($2::xid8, $3::bigint) AND (j.xid, j.seq) < ($4::xid8, $5::bigint) AND j.epoch = $1::bigint
ORDER BY j.xid, j.seq LIMIT $6::bigint

-- name: HistoryScan
-- How far a read gets that looks at $6 entries: how many there are, and the last of them.
SELECT s.looked_at, s.xid, s.seq, s.create_time FROM (
  SELECT j.xid, j.seq, j.create_time, count(*) OVER () AS looked_at
  FROM (SELECT j.xid, j.seq, j.create_time FROM (history_leaves) j ORDER BY j.xid, j.seq LIMIT $6::bigint) j
) s ORDER BY s.xid DESC, s.seq DESC LIMIT 1

-- name: HistoryRead
-- Of a tenant's entries between two positions no more than $6 and, but for the first, no more than $7 bytes.
SELECT b.epoch, b.xid, b.seq, b.create_time, b.tenant_id, b.event_id, b.name, b.type, b.resource_type, b.version, b.kind,
  b.changed_fields, b.before_plain, b.before_personal, b.after_plain, b.after_personal, b.detail, b.person_keys, b.actor, b.method,
  b.request_id, b.cause, b.traceparent
FROM (
  SELECT j.*, sum(j.size) OVER (ORDER BY j.xid, j.seq ROWS UNBOUNDED PRECEDING) - j.size AS bytes_before
  FROM (SELECT j.* FROM (history_leaves) j ORDER BY j.xid, j.seq LIMIT $6::bigint) j
) b
WHERE b.bytes_before < $7::bigint
ORDER BY b.xid, b.seq

-- name: HistoryReadLeaf
SELECT j.epoch, j.xid, j.seq, j.create_time, j.tenant_id, j.event_id, j.name, j.type, j.resource_type, j.version, j.kind,
  j.changed_fields, j.before_plain, j.before_personal, j.after_plain, j.after_personal, j.detail, j.person_keys, j.actor, j.method,
  j.request_id, j.cause, j.traceparent,
  coalesce(octet_length(j.after_plain), 0) + coalesce(octet_length(j.before_plain), 0) + coalesce(octet_length(j.after_personal), 0)
    + coalesce(octet_length(j.before_personal), 0) + coalesce(octet_length(j.detail), 0) + 400 AS size
FROM journal_leaf j
WHERE (j.xid, j.seq) > ($2::xid8, $3::bigint) AND (j.xid, j.seq) <= ($4::xid8, $5::bigint) AND j.epoch = $1::bigint
  AND j.tenant_id = $8::uuid AND j.resource_type = ANY ($9::text[])
ORDER BY j.xid, j.seq LIMIT $6::bigint
