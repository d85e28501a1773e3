-- name: QueryFunnel
-- $2 pipeline, $3 and $4 period of the opening, $5 to $7 places of the grouping dimensions in `v` (0: none), $8 to $14 values that each
-- dimension may have (empty: all), $15 whether money is divided among products, $16 most rows, $17 whether all opportunities
-- count or only $18.
WITH deal AS MATERIALIZED (
  SELECT f.name, f.stage, f.state, g.groups, f.amount_currency, f.close_amount_currency,
    sum(p.amount) AS amount, sum(p.close_amount) AS close_amount
  FROM opportunity_fact f
  LEFT JOIN user_dimension u ON u.tenant_id = f.tenant_id AND u.name = f.owner
  LEFT JOIN team_dimension t ON t.tenant_id = f.tenant_id AND t.name = u.team
  LEFT JOIN organization_dimension o ON o.tenant_id = f.tenant_id AND o.name = f.organization
  CROSS JOIN LATERAL unnest(
    CASE WHEN $15::boolean THEN f.products ELSE ARRAY[''] END,
    CASE WHEN $15::boolean THEN f.product_amounts ELSE ARRAY[f.amount] END,
    CASE WHEN $15::boolean THEN f.product_close_amounts ELSE ARRAY[f.close_amount] END) AS p(product, amount, close_amount)
  CROSS JOIN LATERAL (SELECT ARRAY[to_char(f.open_time, 'YYYY-MM'), f.owner, coalesce(u.team, ''), coalesce(t.region, ''), p.product,
    coalesce(o.sector, ''), coalesce(o.country_code, '')]::text[] AS v) d
  CROSS JOIN LATERAL (SELECT ARRAY[coalesce(d.v[$5::bigint], ''), coalesce(d.v[$6::bigint], ''), coalesce(d.v[$7::bigint], '')] AS groups) g
  WHERE f.tenant_id = $1::uuid AND f.pipeline = $2::text AND NOT f.deleted
    AND f.open_time >= $3::date AND f.open_time < $4::date
    AND (cardinality($8::text[]) = 0 OR d.v[1] = ANY ($8::text[])) AND (cardinality($9::text[]) = 0 OR d.v[2] = ANY ($9::text[]))
    AND (cardinality($10::text[]) = 0 OR d.v[3] = ANY ($10::text[])) AND (cardinality($11::text[]) = 0 OR d.v[4] = ANY ($11::text[]))
    AND (cardinality($12::text[]) = 0 OR d.v[5] = ANY ($12::text[])) AND (cardinality($13::text[]) = 0 OR d.v[6] = ANY ($13::text[]))
    AND (cardinality($14::text[]) = 0 OR d.v[7] = ANY ($14::text[]))
    AND ($17::boolean OR f.name IN (SELECT unnest($18::text[])))
  GROUP BY f.name, f.stage, f.state, g.groups, f.amount_currency, f.close_amount_currency
), entered AS (
  SELECT d.groups, e.to_stage AS stage, count(DISTINCT d.name) AS entered,
    count(DISTINCT CASE WHEN d.state = 'WON' THEN d.name END) AS won, count(DISTINCT CASE WHEN d.state = 'LOST' THEN d.name END) AS lost
  FROM stage_entry_fact e JOIN deal d ON d.name = e.opportunity
  WHERE e.tenant_id = $1::uuid
  GROUP BY d.groups, e.to_stage
), departed AS (
  SELECT d.groups, e.from_stage AS stage, count(DISTINCT d.name) AS departed,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY e.from_duration) AS median
  FROM stage_entry_fact e JOIN deal d ON d.name = e.opportunity
  WHERE e.tenant_id = $1::uuid AND e.from_stage IS NOT NULL
  GROUP BY d.groups, e.from_stage
), worth AS (
  SELECT d.groups, d.stage, m.currency, count(*) AS deals, sum(m.value) AS total
  FROM deal d
  CROSS JOIN LATERAL (SELECT CASE d.state WHEN 'WON' THEN d.close_amount_currency WHEN 'LOST' THEN '' ELSE d.amount_currency END AS currency,
    CASE d.state WHEN 'WON' THEN d.close_amount WHEN 'LOST' THEN 0 ELSE d.amount END AS value) m
  GROUP BY d.groups, d.stage, m.currency
), present AS (
  SELECT w.groups, w.stage, sum(w.deals)::bigint AS present, array_agg(w.currency ORDER BY w.currency) AS currencies,
    array_agg(w.total::text ORDER BY w.currency) AS totals
  FROM worth w
  GROUP BY w.groups, w.stage
), known AS (
  SELECT e.groups, e.stage FROM entered e
  UNION SELECT p.groups, p.stage FROM present p
  UNION SELECT ARRAY['', '', ''], s.name FROM stage_dimension s
  WHERE s.tenant_id = $1::uuid AND s.pipeline = $2::text AND NOT s.deleted AND $5::bigint = 0
)
SELECT k.groups, k.stage, coalesce(s.display_name, ''), coalesce(s.position, 0), coalesce(s.kind, 'UNSPECIFIED'), coalesce(e.entered, 0),
  coalesce(l.departed, 0), coalesce(p.present, 0), coalesce(e.won, 0), coalesce(e.lost, 0),
  (extract(epoch FROM l.median) * 1000000)::bigint, coalesce(p.currencies, '{}'), coalesce(p.totals, '{}')
FROM known k
LEFT JOIN entered e ON e.groups = k.groups AND e.stage = k.stage
LEFT JOIN departed l ON l.groups = k.groups AND l.stage = k.stage
LEFT JOIN present p ON p.groups = k.groups AND p.stage = k.stage
LEFT JOIN stage_dimension s ON s.tenant_id = $1::uuid AND s.name = k.stage
ORDER BY k.groups, s.position, k.stage
LIMIT $16::bigint;
