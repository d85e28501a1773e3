-- name: TableColumns
-- tenant-free: the catalog of the server
SELECT c.table_name::text, c.column_name::text, format_type(a.atttypid, a.atttypmod), c.is_nullable = 'YES',
       coalesce(c.collation_name::text, ''), coalesce(col_description(a.attrelid, a.attnum), '')
FROM information_schema.columns c
JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(c.table_name::text)) AND a.attname = c.column_name::name
WHERE c.table_schema = current_schema() AND c.table_name::text = ANY($1::text[])
ORDER BY c.table_name, c.ordinal_position;

-- name: TableIndexes
-- A key that does not ascend with NULL last says so at its end.
-- tenant-free: the catalog of the server
SELECT t.relname::text, x.relname::text, i.indisprimary, m.amname = 'gin', coalesce(pg_get_expr(i.indpred, i.indrelid, true), ''),
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, k::integer, true) || CASE i.indoption[k - 1] WHEN 0 THEN '' ELSE ' DESC' END
             FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k)::text[]
FROM pg_index i
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_am m ON m.oid = x.relam
WHERE t.relnamespace = current_schema()::regnamespace AND t.relname::text = ANY($1::text[]) AND i.indisvalid AND m.amname IN ('btree', 'gin')
ORDER BY t.relname, x.relname;

-- name: TableForeignKeys
-- tenant-free: the catalog of the server
SELECT t.relname::text, f.relname::text,
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(number, place)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.place)::text[],
       ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k(number, place)
             JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY k.place)::text[]
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_class f ON f.oid = c.confrelid
WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace AND t.relname::text = ANY($1::text[])
ORDER BY t.relname, c.conname;

-- name: ReservedWords
-- tenant-free: the catalog of the server
SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T') AND word = ANY($1::text[]) ORDER BY word;

-- name: RoleExists
-- tenant-free: the catalog of the server
SELECT 1 FROM pg_roles r WHERE r.rolname = $1::text;
