-- name: UpsertOpportunityFacts
-- Columns that hold numbers or lists come as text: an array of arrays would be flattened by unnest.
INSERT INTO opportunity_fact (tenant_id, name, epoch, version, deleted, organization, owner, pipeline, stage, state, amount, amount_currency,
  close_amount, close_amount_currency, open_time, close_date, products, product_amounts, product_close_amounts)
SELECT $1::uuid, x.name, x.epoch, x.version, x.deleted, x.organization, x.owner, x.pipeline, x.stage, x.state, x.amount::numeric, x.amount_currency,
  x.close_amount::numeric, x.close_amount_currency, x.open_time, x.close_date, x.products::text[], x.product_amounts::numeric[],
  x.product_close_amounts::numeric[]
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::boolean[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
  $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::date[], $17::text[], $18::text[], $19::text[])
  AS x(name, epoch, version, deleted, organization, owner, pipeline, stage, state, amount, amount_currency, close_amount, close_amount_currency,
    open_time, close_date, products, product_amounts, product_close_amounts)
ON CONFLICT (tenant_id, name) DO UPDATE SET
  epoch = excluded.epoch, version = excluded.version, deleted = excluded.deleted, organization = excluded.organization, owner = excluded.owner,
  pipeline = excluded.pipeline, stage = excluded.stage, state = excluded.state, amount = excluded.amount,
  amount_currency = excluded.amount_currency, close_amount = excluded.close_amount,
  close_amount_currency = excluded.close_amount_currency, open_time = excluded.open_time, close_date = excluded.close_date,
  products = excluded.products, product_amounts = excluded.product_amounts, product_close_amounts = excluded.product_close_amounts
WHERE (opportunity_fact.epoch, opportunity_fact.version) < (excluded.epoch, excluded.version);

-- name: ForgetLostEntries
-- What an opportunity went through in versions that a failover lost, and that are given anew.
DELETE FROM stage_entry_fact e
USING unnest($2::text[], $3::bigint[], $4::bigint[]) AS x(opportunity, epoch, version)
WHERE e.tenant_id = $1::uuid AND e.opportunity = x.opportunity AND e.version >= x.version AND e.epoch < x.epoch;

-- name: AddStageEntries
INSERT INTO stage_entry_fact (tenant_id, opportunity, epoch, version, to_stage, enter_time, from_stage, from_duration)
SELECT $1::uuid, x.opportunity, x.epoch, x.version, x.to_stage, x.enter_time, nullif(x.from_stage, ''),
  CASE WHEN x.from_stage <> '' THEN x.from_microseconds * interval '1 microsecond' END
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[], $8::bigint[])
  AS x(opportunity, epoch, version, to_stage, enter_time, from_stage, from_microseconds)
ORDER BY x.epoch DESC
ON CONFLICT (tenant_id, opportunity, version) DO NOTHING;
