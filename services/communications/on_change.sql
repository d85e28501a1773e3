-- name: AddTimelineEntries
INSERT INTO timeline_entry (tenant_id, record, entry_id, time, kind, source, source_display_name, event_type, source_version, actor,
  changed_fields, detail)
SELECT $1::uuid, x.record, x.entry_id, x.time, x.kind, x.source, x.source_display_name, x.event_type, x.source_version, x.actor,
  x.changed_fields, x.detail
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[],
  $12::bytea[])
  AS x(record, entry_id, time, kind, source, source_display_name, event_type, source_version, actor, changed_fields, detail)
ON CONFLICT (tenant_id, record, entry_id) DO NOTHING;
