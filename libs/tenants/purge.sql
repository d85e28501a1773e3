-- Removes what a service holds of a tenant that is gone, from every table that has a tenant_id. One of the few that know no table by its name: a
-- table that comes later is found in the catalog.

-- name: TenantTables
-- Each partition by itself, and whether an index finds the rows of a tenant.
-- tenant-free: the catalog of the server
SELECT c.relname::text,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum),
       pg_relation_size(c.oid) / current_setting('block_size')::bigint
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
ORDER BY c.relname;

-- name: TenantReferences
-- Which table refers to which, and a column of the foreign key that may be empty; '' if none may.
-- tenant-free: the catalog of the server
SELECT t.relname::text, f.relname::text,
       coalesce((SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS c(number, place)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number
                 WHERE NOT a.attnotnull ORDER BY c.place LIMIT 1), '')
FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid
JOIN pg_class f ON f.oid = k.confrelid
WHERE k.contype = 'f' AND t.relkind = 'r' AND f.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace
ORDER BY t.relname, k.conname;

-- name: PurgesBegun
-- Whether they have ended, and whether it is time to look through all tables: at once, and when $3 milliseconds have passed since something was
-- found.
SELECT p.name, p.end_time IS NOT NULL, p.found_time IS NULL OR p.found_time <= clock_timestamp() - $3::bigint * interval '1 millisecond'
FROM tenant_purge p
WHERE p.tenant_id = $1::uuid AND p.name = ANY ($2::text[]);

-- name: BeginPurges
INSERT INTO tenant_purge (tenant_id, name, removed)
SELECT $1::uuid, n.name, 0 FROM unnest($2::text[]) AS n(name)
ON CONFLICT DO NOTHING;

-- name: RemoveRows
-- A table stands for purged_table when the statement is built. What was removed and how much commit together.
-- tenant-free: it is about two tenants, the one that is gone and the operator's, who is told
WITH gone AS (
  DELETE FROM purged_table p
  WHERE p.tenant_id = $1::uuid AND p.ctid = ANY (ARRAY(SELECT q.ctid FROM purged_table q WHERE q.tenant_id = $1::uuid LIMIT $2::bigint))
  RETURNING 1
), counted AS (
  SELECT count(*) AS rows FROM gone
)
UPDATE tenant_purge t SET removed = t.removed + c.rows FROM counted c
WHERE t.tenant_id = $3::uuid AND t.name = $4::text
RETURNING c.rows;

-- name: RemoveRowsOfBlocks
-- The same for tables in which no index finds them: from one block up to another.
-- tenant-free: it is about two tenants, the one that is gone and the operator's, who is told
WITH gone AS (
  DELETE FROM purged_table p
  WHERE p.tenant_id = $1::uuid AND p.ctid >= $2::text::tid AND p.ctid < $5::text::tid
  RETURNING 1
), counted AS (
  SELECT count(*) AS rows FROM gone
)
UPDATE tenant_purge t SET removed = t.removed + c.rows FROM counted c
WHERE t.tenant_id = $3::uuid AND t.name = $4::text
RETURNING c.rows;

-- name: ClearReferences
-- Tables that refer to each other have no order in which they could be emptied, until one of them refers to nothing any more. A column stands
-- for purged_column when the statement is built.
WITH cleared AS (
  UPDATE purged_table p SET purged_column = NULL
  WHERE p.tenant_id = $1::uuid
    AND p.ctid = ANY (ARRAY(SELECT q.ctid FROM purged_table q WHERE q.tenant_id = $1::uuid AND q.purged_column IS NOT NULL LIMIT $2::bigint))
  RETURNING 1
)
SELECT count(*) FROM cleared;

-- name: EndPass
-- All tables were looked through. The end, and what was removed altogether, if nothing was found, and not for the first time.
UPDATE tenant_purge SET found_time = CASE WHEN $3::boolean OR found_time IS NULL THEN clock_timestamp() ELSE found_time END,
  end_time = CASE WHEN $3::boolean OR found_time IS NULL THEN NULL ELSE clock_timestamp() END
WHERE tenant_id = $1::uuid AND name = $2::text
RETURNING end_time IS NOT NULL, removed;
