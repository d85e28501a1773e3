-- name: TimelinePage
SELECT entry_id, time, kind, source, source_display_name, event_type, source_version, actor, changed_fields, detail
FROM timeline_entry
WHERE tenant_id = $1::uuid AND record = $2::text AND (time, entry_id) < ($3::timestamptz, $4::text)
  AND (cardinality($5::text[]) = 0 OR kind = ANY ($5::text[]))
ORDER BY time DESC, entry_id DESC
LIMIT $6::bigint;
