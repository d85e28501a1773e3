-- Generations of positions. A restored database continues in a new one, see README.md.
CREATE TABLE journal_epoch (
  epoch int PRIMARY KEY,
  -- No entry of this epoch has a lower one.
  first_xid xid8 NOT NULL,
  -- The cluster and the timeline in which the epoch began.
  origin text COLLATE "C" NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);

-- Where the database lives: another cluster or timeline means that it was restored or failed over.
CREATE FUNCTION database_origin() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('%s/%s', (SELECT system_identifier FROM pg_control_system()), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
$$;

INSERT INTO journal_epoch (epoch, first_xid, origin) VALUES (1, '0', database_origin());

CREATE SEQUENCE journal_seq;

-- Every new version of every record: outbox, replay store and audit log in one. Append-only.
CREATE TABLE journal (
  -- First, so that it is taken before create_time is.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint NOT NULL DEFAULT nextval('journal_seq'),
  epoch int NOT NULL DEFAULT 1,
  create_time timestamptz NOT NULL DEFAULT now(),
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  resource_type text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  -- lotura.events.v1.Kind
  kind smallint NOT NULL,
  -- Paths separated by commas.
  changed_fields text COLLATE "C" NOT NULL DEFAULT '',
  before_plain bytea,
  before_personal bytea,
  after_plain bytea,
  after_personal bytea,
  -- google.protobuf.Any
  detail bytea,
  -- Names of the people whose personal data the entry holds.
  person_keys text[] COLLATE "C" NOT NULL DEFAULT '{}',
  actor text COLLATE "C" NOT NULL DEFAULT '',
  method text COLLATE "C" NOT NULL DEFAULT '',
  request_id uuid,
  cause text COLLATE "C" NOT NULL DEFAULT '',
  traceparent text COLLATE "C" NOT NULL DEFAULT ''
) PARTITION BY RANGE (create_time);

CREATE INDEX journal_xid_seq_idx ON journal (xid, seq);

-- What only one process does at a time.
CREATE TABLE lease (
  name text COLLATE "C" PRIMARY KEY,
  holder uuid NOT NULL,
  -- Grows when the holder changes.
  term bigint NOT NULL,
  expire_time timestamptz NOT NULL
);

-- Up to where a relay's broker has confirmed the journal.
CREATE TABLE relay_cursor (
  relay text COLLATE "C" PRIMARY KEY,
  epoch int NOT NULL,
  xid xid8 NOT NULL,
  seq bigint NOT NULL,
  update_time timestamptz NOT NULL
);

-- Events that a consumer has handled, parked or given up. The same event always has the same time, so that it is unique over all partitions.
-- A record that is no event stands under a number made from its content, without tenant and at time zero.
CREATE TABLE inbox (
  tenant_id uuid NOT NULL,
  consumer text COLLATE "C" NOT NULL,
  event_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  receive_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, consumer, event_id, event_time)
) PARTITION BY RANGE (event_time);

-- Events older than the oldest day, as a replay brings them.
CREATE TABLE inbox_other PARTITION OF inbox DEFAULT;
CREATE INDEX inbox_other_receive_time_idx ON inbox_other (receive_time);

-- One row for each key that a consumer does not handle until somebody decides on the event that failed.
CREATE TABLE dead_letter (
  -- Zero if the record does not tell.
  tenant_id uuid NOT NULL,
  consumer text COLLATE "C" NOT NULL,
  -- Key of the bus record.
  key bytea NOT NULL,
  reason text COLLATE "C" NOT NULL,
  message text COLLATE "C" NOT NULL,
  attempts bigint NOT NULL,
  fail_time timestamptz NOT NULL DEFAULT now(),
  -- When the dead-letter topic had it.
  announce_time timestamptz,
  PRIMARY KEY (tenant_id, consumer, key)
);

CREATE INDEX dead_letter_consumer_idx ON dead_letter (consumer, fail_time);

-- The event that failed and those of the same key that came after it, in order.
CREATE TABLE parked_event (
  tenant_id uuid NOT NULL,
  consumer text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  topic text COLLATE "C" NOT NULL,
  partition bigint NOT NULL,
  place bigint NOT NULL,
  -- lotura.events.v1.ParkedRecord
  record bytea NOT NULL,
  park_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, consumer, key, seq)
);

CREATE INDEX parked_event_consumer_idx ON parked_event (consumer);

-- Makes the partition of a day for a table that is partitioned by day; false if it exists. Attaching does not wait for writers of the table.
CREATE FUNCTION add_day_partition(parent text, day date) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
  leaf text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext(format('%s.%s', current_schema(), leaf)));
  IF to_regclass(quote_ident(leaf)) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', leaf, parent);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, leaf, day::timestamptz, (day + 1)::timestamptz);
  RETURN true;
END
$$;

-- Drops the partition of a day. Writers wait at most as long as the lock does; a drop that gets no lock is for the next time.
CREATE FUNCTION drop_day_partition(parent text, day date) RETURNS void LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
BEGIN
  EXECUTE format('DROP TABLE IF EXISTS %I', format('%s_%s', parent, to_char(day, 'YYYYMMDD')));
END
$$;

-- True if a relay has not confirmed everything of a day, or none has begun.
CREATE FUNCTION journal_day_is_needed(day date) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  needed boolean;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM relay_cursor) OR EXISTS (SELECT 1 FROM relay_cursor WHERE epoch < (SELECT max(epoch) FROM journal_epoch)) THEN
    RETURN true;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM relay_cursor c CROSS JOIN LATERAL (SELECT 1 FROM %I j WHERE (j.xid, j.seq) > (c.xid, c.seq) '
                 'AND j.epoch = c.epoch LIMIT 1) later)', format('journal_%s', to_char(day, 'YYYYMMDD'))) INTO needed;
  RETURN needed;
END
$$;

-- A service may write from its first minute on; upkeep goes on from here.
SELECT add_day_partition(parent, (now() AT TIME ZONE 'UTC')::date + ahead)
FROM unnest(ARRAY['journal', 'inbox']) AS parent, generate_series(-1, 7) AS ahead;
