-- A part whose service time is known. Exempt from the rule that a statement is for one tenant: it reads no table.

-- name: Part
SELECT pg_sleep($1::bigint / 1e6)
