-- name: DropActivityEntries
DELETE FROM timeline_entry WHERE tenant_id = $1::uuid AND entry_id = ANY ($2::text[]);

-- name: AddActivityEntries
-- From the activities as they are now, so that it does not matter which of their events is handled, and how often.
INSERT INTO timeline_entry (tenant_id, record, entry_id, time, kind, source, source_display_name, event_type, source_version, actor,
  changed_fields, detail)
SELECT DISTINCT a.tenant_id, r.record, a.name, coalesce(a.start_time, a.create_time), a.kind, '//communications.lotura/' || a.name, a.subject,
  '', 0, coalesce(a.owner, ''), '', NULL::bytea
FROM activity a CROSS JOIN LATERAL unnest(a.regarding || a.participants) AS r(record)
WHERE a.tenant_id = $1::uuid AND a.name = ANY ($2::text[]) AND a.delete_time IS NULL;
