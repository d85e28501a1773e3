-- What happened to each record of any service, projected from activities and events.

-- One row for each record on whose timeline an entry stands. `source` is the activity or the record that changed, by its full name;
-- `entry_id` is the id of the event, or the name of the activity, which has one entry that follows its present state.
CREATE TABLE timeline_entry (
  tenant_id uuid NOT NULL,
  record text COLLATE "C" NOT NULL,
  entry_id text COLLATE "C" NOT NULL,
  time timestamptz NOT NULL,
  kind text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  source_display_name text COLLATE "C" NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  source_version bigint NOT NULL,
  actor text COLLATE "C" NOT NULL,
  changed_fields text COLLATE "C" NOT NULL,
  detail bytea,
  PRIMARY KEY (tenant_id, record, entry_id)
);

CREATE INDEX timeline_entry_tenant_id_record_time_idx
  ON timeline_entry (tenant_id, record, time DESC, entry_id DESC);
-- The entries of an activity, when it is changed.
CREATE INDEX timeline_entry_tenant_id_entry_id_idx ON timeline_entry (tenant_id, entry_id);
