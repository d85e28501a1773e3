-- name: DropActivityEntries
-- $2 activities and $3 versions that their events made. Entries of a later version stay: an event that comes again changes nothing.
DELETE FROM timeline_entry e USING unnest($2::text[], $3::bigint[]) AS x(name, version)
WHERE e.tenant_id = $1::uuid AND e.entry_id = x.name AND e.source_version <= x.version;

-- name: AddActivityEntries
-- From the activities as they are now, so that it does not matter which of their events is handled, and how often. $4 who wrote the version:
-- the actor of an activity that nobody owns. An owner is the full name of a user; actors are names without the service.
INSERT INTO timeline_entry (tenant_id, record, entry_id, time, kind, source, source_display_name, event_type, source_version, actor,
  changed_fields, detail)
SELECT DISTINCT a.tenant_id, r.record, a.name, coalesce(a.start_time, a.create_time), a.kind, '//communications.lotura/' || a.name, a.subject,
  '', x.version, coalesce(regexp_replace(a.owner, '^//[^/]*/', ''), x.actor), '', NULL::bytea
FROM activity a JOIN unnest($2::text[], $3::bigint[], $4::text[]) AS x(name, version, actor) ON x.name = a.name
CROSS JOIN LATERAL unnest(a.regarding || a.participants) AS r(record)
WHERE a.tenant_id = $1::uuid AND a.delete_time IS NULL
ON CONFLICT (tenant_id, record, entry_id) DO NOTHING;
