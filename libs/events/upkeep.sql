-- Partitions by day. Exempt from the rule that a statement is for one tenant.

-- name: DaysOf
SELECT right(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = $1::text::regclass AND c.relname ~ '_[0-9]{8}$' ORDER BY 1

-- name: AddDay
SELECT add_day_partition($1::text, $2::date)

-- name: DropDay
SELECT drop_day_partition($1::text, $2::date)

-- name: JournalDayIsNeeded
SELECT journal_day_is_needed($1::date)

-- name: PruneInbox
-- A bounded number of the events that are older than every day was when they came.
DELETE FROM inbox_other o WHERE o.ctid = ANY (ARRAY(
  SELECT i.ctid FROM inbox_other i WHERE i.receive_time < $1::timestamptz ORDER BY i.receive_time LIMIT $2::bigint))
