-- The key of what waits begins with the topic from now on, as that of records without a key always did: services may give their records the
-- same names.
UPDATE dead_letter d SET key = convert_to(p.topic || '/', 'UTF8') || d.key
FROM (SELECT DISTINCT ON (tenant_id, consumer, key) tenant_id, consumer, key, topic FROM parked_event ORDER BY tenant_id, consumer, key, seq) p
WHERE p.tenant_id = d.tenant_id AND p.consumer = d.consumer AND p.key = d.key AND position(convert_to(p.topic || '/', 'UTF8') IN d.key) <> 1;

UPDATE parked_event SET key = convert_to(topic || '/', 'UTF8') || key WHERE position(convert_to(topic || '/', 'UTF8') IN key) <> 1;
