-- Seals of the journal: one chain for each tenant. Rows are never changed, and are kept when the days of the journal that they cover are dropped.
CREATE TABLE audit_seal (
  tenant_id uuid NOT NULL,
  -- 1, 2, 3 ... without a gap.
  number bigint NOT NULL,
  previous_hash bytea NOT NULL,
  -- Where the first and the last of its entries stand.
  epoch int NOT NULL,
  first_xid xid8 NOT NULL,
  first_seq bigint NOT NULL,
  last_xid xid8 NOT NULL,
  last_seq bigint NOT NULL,
  -- SHA-256 of each entry, 32 bytes each.
  digests bytea NOT NULL,
  seal_time timestamptz NOT NULL,
  hash bytea NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  signature bytea NOT NULL,
  PRIMARY KEY (tenant_id, number)
);
