-- True if a relay has not confirmed everything of a day, or none has begun. One that is in front of everything needs each day that has
-- an entry, and no other.
CREATE OR REPLACE FUNCTION journal_day_is_needed(day date) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  needed boolean;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM relay_cursor) THEN
    RETURN true;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM relay_cursor c CROSS JOIN LATERAL (SELECT 1 FROM %1$I j WHERE (j.xid, j.seq) > (c.xid, c.seq) '
                 'AND j.epoch = c.epoch LIMIT 1) later) '
                 'OR EXISTS (SELECT 1 FROM relay_cursor c CROSS JOIN LATERAL (SELECT 1 FROM %1$I j WHERE j.epoch > c.epoch LIMIT 1) later '
                 'WHERE c.epoch < (SELECT max(e.epoch) FROM journal_epoch e))', format('journal_%s', to_char(day, 'YYYYMMDD'))) INTO needed;
  RETURN needed;
END
$$;
