-- Seals of the journal, and what they cover.

-- name: AdvanceAudit
-- One row if the cursor stands where it was read, and the lease is held in the database that was read; otherwise nothing has moved.
-- tenant-free: the journal is sealed as a whole
WITH held AS (
  SELECT 1 FROM lease l
  WHERE l.name = $1::text AND l.holder = $2::uuid AND l.term = $3::bigint AND l.expire_time > clock_timestamp() AND database_origin() = $4::text
)
INSERT INTO relay_cursor AS c (relay, epoch, xid, seq, update_time)
SELECT $1::text, $8::bigint, $9::xid8, $10::bigint, clock_timestamp() FROM held
ON CONFLICT (relay) DO UPDATE
SET epoch = excluded.epoch, xid = excluded.xid, seq = excluded.seq, update_time = excluded.update_time
WHERE c.epoch = $5::bigint AND c.xid = $6::xid8 AND c.seq = $7::bigint
RETURNING 1

-- name: LastSeals
-- tenant-free: a batch of the journal holds entries of many tenants
SELECT t.tenant_id, s.number, s.hash
FROM unnest($1::uuid[]) AS t(tenant_id)
CROSS JOIN LATERAL (SELECT a.number, a.hash FROM audit_seal a WHERE a.tenant_id = t.tenant_id ORDER BY a.number DESC LIMIT 1) s

-- name: InsertSeals
-- tenant-free: a batch of the journal holds entries of many tenants
INSERT INTO audit_seal (tenant_id, number, previous_hash, epoch, first_xid, first_seq, last_xid, last_seq, digests, hash, signature, seal_time, key_id)
SELECT s.tenant_id, s.number, s.previous_hash, s.epoch, s.first_xid::xid8, s.first_seq, s.last_xid::xid8, s.last_seq, s.digests, s.hash, s.signature,
  $12::timestamptz, $13::text
FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bytea[], $10::bytea[], $11::bytea[])
  AS s(tenant_id, number, previous_hash, epoch, first_xid, first_seq, last_xid, last_seq, digests, hash, signature)

-- name: SealsAfter
SELECT s.number, s.previous_hash, s.epoch, s.first_xid, s.first_seq, s.last_xid, s.last_seq, s.digests, s.seal_time, s.hash, s.key_id, s.signature
FROM audit_seal s WHERE s.tenant_id = $1::uuid AND s.number > $2::bigint ORDER BY s.number LIMIT $3::bigint

-- name: SealsSince
-- Seals from the first one on that was made since a time, behind one of them.
SELECT s.number, s.previous_hash, s.epoch, s.first_xid, s.first_seq, s.last_xid, s.last_seq, s.digests, s.seal_time, s.hash, s.key_id, s.signature
FROM audit_seal s
WHERE s.tenant_id = $1::uuid AND s.number > $3::bigint AND s.number >= (
  SELECT f.number FROM audit_seal f WHERE f.tenant_id = $1::uuid AND f.seal_time >= $2::timestamptz ORDER BY f.tenant_id, f.seal_time, f.number LIMIT 1)
ORDER BY s.number LIMIT $4::bigint

-- name: LastSeal
SELECT s.number, s.previous_hash, s.epoch, s.first_xid, s.first_seq, s.last_xid, s.last_seq, s.digests, s.seal_time, s.hash, s.key_id, s.signature
FROM audit_seal s WHERE s.tenant_id = $1::uuid ORDER BY s.number DESC LIMIT 1

-- name: CoveredEntries
-- What of a tenant stands between two positions of the journal, both included; its contents, which are most of it, only if they are wanted.
SELECT j.epoch, j.xid, j.seq, j.create_time, j.tenant_id, j.event_id, j.name, j.type, j.resource_type, j.version, j.kind,
  j.changed_fields, CASE WHEN $8::boolean THEN j.before_plain END, CASE WHEN $8::boolean THEN j.before_personal END,
  CASE WHEN $8::boolean THEN j.after_plain END, CASE WHEN $8::boolean THEN j.after_personal END, CASE WHEN $8::boolean THEN j.detail END,
  j.person_keys, j.actor, j.method, j.request_id, j.cause, j.traceparent
FROM journal j
WHERE j.tenant_id = $1::uuid AND j.epoch = $2::bigint AND (j.xid, j.seq) >= ($3::xid8, $4::bigint) AND (j.xid, j.seq) <= ($5::xid8, $6::bigint)
ORDER BY j.xid, j.seq LIMIT $7::bigint

-- name: UnarchivedTenants
-- Tenants with seals that no archive holds, and the last one that one does. Goes from tenant to tenant along the primary key.
-- tenant-free: the archive holds the journal as a whole
WITH RECURSIVE sealed AS (
  (SELECT s.tenant_id FROM audit_seal s ORDER BY s.tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT s.tenant_id FROM audit_seal s WHERE s.tenant_id > t.tenant_id ORDER BY s.tenant_id LIMIT 1)
  FROM sealed t WHERE t.tenant_id IS NOT NULL
)
SELECT t.tenant_id, coalesce(a.number, 0)
FROM sealed t
LEFT JOIN audit_archive a ON a.tenant_id = t.tenant_id
WHERE t.tenant_id IS NOT NULL
  AND EXISTS (SELECT 1 FROM audit_seal s WHERE s.tenant_id = t.tenant_id AND s.number > coalesce(a.number, 0))

-- name: NoteArchived
INSERT INTO audit_archive AS a (tenant_id, number, archive_time) VALUES ($1::uuid, $2::bigint, clock_timestamp())
ON CONFLICT (tenant_id) DO UPDATE SET number = greatest(a.number, excluded.number), archive_time = excluded.archive_time
