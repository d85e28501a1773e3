-- Makes the partition of a day for a table that is partitioned by day; false if it exists. What the default partition holds of that day moves
-- there: an event that is dated ahead waits in it for its day, and so do those that came while a day was missing. They keep their time, by
-- which they are recognized when they come again. Attaching waits for writers of the default partition, but not for those of other days.
CREATE OR REPLACE FUNCTION add_day_partition(parent text, day date) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
  leaf text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
  other regclass;
  key name;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext(format('%s.%s', current_schema(), leaf)));
  IF to_regclass(quote_ident(leaf)) IS NOT NULL THEN
    RETURN false;
  END IF;
  SELECT p.partdefid, a.attname INTO other, key
  FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
  WHERE p.partrelid = quote_ident(parent)::regclass;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', leaf, parent);
  IF other <> 0 THEN
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', other);
    EXECUTE format('WITH moved AS (DELETE FROM %s o WHERE o.%I >= %L AND o.%I < %L RETURNING o.*) INSERT INTO %I SELECT moved.* FROM moved',
                   other, key, day::timestamptz, key, (day + 1)::timestamptz, leaf);
  END IF;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, leaf, day::timestamptz, (day + 1)::timestamptz);
  RETURN true;
END
$$;
