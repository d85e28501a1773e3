-- What a consumer remembers. Its batches hold events of many tenants: exempt from the rule that a statement is for one tenant.

-- name: InsertInbox
-- The events that are new, whoever else handles them now: a concurrent transaction with the same event is waited for.
INSERT INTO inbox (tenant_id, consumer, event_id, event_time)
SELECT e.tenant_id, $1::text, e.event_id, e.event_time
FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) AS e(tenant_id, event_id, event_time)
ORDER BY e.event_id
ON CONFLICT DO NOTHING
RETURNING tenant_id, event_id

-- name: LockDeadLetters
-- Which of the keys wait for a decision. Changes nothing but takes the locks, so that nobody decides meanwhile. Runs after InsertInbox, under
-- a newer snapshot: it sees what another transaction with the same events did.
UPDATE dead_letter d SET attempts = d.attempts
FROM unnest($2::uuid[], $3::bytea[]) AS k(tenant_id, key)
WHERE d.tenant_id = k.tenant_id AND d.consumer = $1::text AND d.key = k.key
RETURNING d.tenant_id, d.key

-- name: CountParked
SELECT count(*) FROM parked_event p WHERE p.consumer = $1::text

-- name: InsertParked
INSERT INTO parked_event (tenant_id, consumer, key, topic, partition, place, record)
SELECT e.tenant_id, $1::text, e.key, e.topic, e.partition, e.place, e.record
FROM unnest($2::uuid[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[]) WITH ORDINALITY
  AS e(tenant_id, key, topic, partition, place, record, ord)
ORDER BY e.ord

-- name: InsertDeadLetter
-- If the key waits already, nothing changes but that the lock is taken: nobody may decide on the last event of the key, and so end the waiting,
-- before the new one is behind it.
INSERT INTO dead_letter AS d (tenant_id, consumer, key, reason, message, attempts)
VALUES ($1::uuid, $2::text, $3::bytea, $4::text, $5::text, $6::bigint)
ON CONFLICT (tenant_id, consumer, key) DO UPDATE SET attempts = d.attempts

-- name: UnannouncedDeadLetters
SELECT d.tenant_id, d.key, d.reason, d.message, d.attempts, d.fail_time, p.topic, p.partition, p.place, p.record
FROM dead_letter d
CROSS JOIN LATERAL (
  SELECT p.topic, p.partition, p.place, p.record FROM parked_event p
  WHERE p.tenant_id = d.tenant_id AND p.consumer = d.consumer AND p.key = d.key
  ORDER BY p.seq LIMIT 1
) p
WHERE d.consumer = $1::text AND d.announce_time IS NULL
ORDER BY d.fail_time LIMIT $2::bigint

-- name: MarkAnnounced
-- Another event of the key may have failed since: that one is not announced.
UPDATE dead_letter d SET announce_time = now()
FROM unnest($2::uuid[], $3::bytea[], $4::timestamptz[]) AS k(tenant_id, key, fail_time)
WHERE d.tenant_id = k.tenant_id AND d.consumer = $1::text AND d.key = k.key AND d.fail_time = k.fail_time

-- name: ListParked
SELECT d.tenant_id, d.key, d.reason, d.message, d.attempts, d.fail_time,
  (SELECT count(*) FROM parked_event p WHERE p.tenant_id = d.tenant_id AND p.consumer = d.consumer AND p.key = d.key)
FROM dead_letter d
WHERE d.consumer = $1::text
ORDER BY d.fail_time LIMIT $2::bigint

-- name: BeginRetry
UPDATE dead_letter SET attempts = attempts + 1
WHERE tenant_id = $1::uuid AND consumer = $2::text AND key = $3::bytea
RETURNING attempts

-- name: FirstParked
SELECT p.seq, p.topic, p.partition, p.place, p.record FROM parked_event p
WHERE p.tenant_id = $1::uuid AND p.consumer = $2::text AND p.key = $3::bytea
ORDER BY p.seq LIMIT 1

-- name: DeleteParked
DELETE FROM parked_event WHERE tenant_id = $1::uuid AND consumer = $2::text AND key = $3::bytea AND seq = $4::bigint

-- name: DeleteDeadLetter
DELETE FROM dead_letter WHERE tenant_id = $1::uuid AND consumer = $2::text AND key = $3::bytea

-- name: FailAgain
-- It may be another event of the key that fails now.
UPDATE dead_letter SET reason = $4::text, message = $5::text, attempts = attempts + 1, fail_time = now(), announce_time = NULL
WHERE tenant_id = $1::uuid AND consumer = $2::text AND key = $3::bytea
