-- The epoch that the database lives in, begun if it lives in another cluster or on another timeline than when the current one began. Whoever waits
-- behind the lock on the journal waits for the longest transaction that writes it, at most for a second.
CREATE FUNCTION ensure_epoch() RETURNS int LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
DECLARE
  here text := database_origin();
  known journal_epoch;
BEGIN
  SELECT e.* INTO known FROM journal_epoch e ORDER BY e.epoch DESC LIMIT 1;
  IF known.origin = here THEN
    RETURN known.epoch;
  END IF;
  LOCK TABLE journal IN ACCESS EXCLUSIVE MODE;
  SELECT e.* INTO known FROM journal_epoch e ORDER BY e.epoch DESC LIMIT 1;
  IF known.origin = here THEN
    RETURN known.epoch;
  END IF;
  -- Whatever is written after this commit has a transaction number from here on.
  INSERT INTO journal_epoch (epoch, first_xid, origin) VALUES (known.epoch + 1, pg_snapshot_xmin(pg_current_snapshot()), here);
  EXECUTE format('ALTER TABLE ONLY journal ALTER COLUMN epoch SET DEFAULT %s', known.epoch + 1);
  RETURN known.epoch + 1;
END
$$;
