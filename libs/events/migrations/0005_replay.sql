-- What stands between a consumer and its projection. Its inbox remembers events under the generation: a new one has seen none, without a row being
-- deleted. Closed while the projection is rebuilt. No row: generation 0, open. Whoever handles a batch, or changes the row, holds the advisory lock of the gate.
CREATE TABLE consumer_gate (
  consumer text COLLATE "C" PRIMARY KEY,
  generation bigint NOT NULL,
  closed boolean NOT NULL
);

-- Up to where a rebuild has handled the journal of a service again.
CREATE TABLE rebuild_position (
  consumer text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  epoch int NOT NULL,
  xid xid8 NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (consumer, source)
);
