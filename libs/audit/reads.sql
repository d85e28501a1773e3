-- Who read what, in pages.

-- name: InsertReadPages
-- tenant-free: reads of all tenants share a commit
INSERT INTO audit_read (tenant_id, first_time, last_time, page_id, reads, content)
SELECT p.tenant_id, p.first_time, p.last_time, p.page_id, p.reads, p.content
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::uuid[], $5::bigint[], $6::bytea[])
  AS p(tenant_id, first_time, last_time, page_id, reads, content)
ON CONFLICT DO NOTHING

-- name: ReadPages
-- Pages that begin between two times, behind one of them.
SELECT r.first_time, r.last_time, r.page_id, r.reads, r.content
FROM audit_read r
WHERE r.tenant_id = $1::uuid AND r.first_time >= $2::timestamptz AND r.first_time < $3::timestamptz
  AND (r.first_time, r.page_id) > ($4::timestamptz, $5::uuid)
ORDER BY r.first_time, r.page_id LIMIT $6::bigint
