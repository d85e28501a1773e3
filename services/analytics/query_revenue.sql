-- name: QueryRevenue
-- $2 pipeline (empty: all), $3 and $4 period of the close date; $5 to $18 as in QueryFunnel.
WITH deal AS (
  SELECT f.name, g.groups, f.close_amount_currency AS currency, p.close_amount
  FROM opportunity_fact f
  LEFT JOIN user_dimension u ON u.tenant_id = f.tenant_id AND u.name = f.owner
  LEFT JOIN team_dimension t ON t.tenant_id = f.tenant_id AND t.name = u.team
  LEFT JOIN organization_dimension o ON o.tenant_id = f.tenant_id AND o.name = f.organization
  CROSS JOIN LATERAL unnest(
    CASE WHEN $15::boolean THEN f.products ELSE ARRAY[''] END,
    CASE WHEN $15::boolean THEN f.product_close_amounts ELSE ARRAY[f.close_amount] END) AS p(product, close_amount)
  CROSS JOIN LATERAL (SELECT ARRAY[to_char(f.close_date, 'YYYY-MM'), f.owner, coalesce(u.team, ''), coalesce(t.region, ''), p.product,
    coalesce(o.sector, ''), coalesce(o.country_code, '')]::text[] AS v) d
  CROSS JOIN LATERAL (SELECT ARRAY[coalesce(d.v[$5::bigint], ''), coalesce(d.v[$6::bigint], ''), coalesce(d.v[$7::bigint], '')] AS groups) g
  WHERE f.tenant_id = $1::uuid AND f.state = 'WON' AND NOT f.deleted AND ($2::text = '' OR f.pipeline = $2::text)
    AND f.close_date >= $3::date AND f.close_date < $4::date
    AND (cardinality($8::text[]) = 0 OR d.v[1] = ANY ($8::text[])) AND (cardinality($9::text[]) = 0 OR d.v[2] = ANY ($9::text[]))
    AND (cardinality($10::text[]) = 0 OR d.v[3] = ANY ($10::text[])) AND (cardinality($11::text[]) = 0 OR d.v[4] = ANY ($11::text[]))
    AND (cardinality($12::text[]) = 0 OR d.v[5] = ANY ($12::text[])) AND (cardinality($13::text[]) = 0 OR d.v[6] = ANY ($13::text[]))
    AND (cardinality($14::text[]) = 0 OR d.v[7] = ANY ($14::text[]))
    AND ($17::boolean OR f.name IN (SELECT unnest($18::text[])))
)
SELECT d.groups, d.currency, count(DISTINCT d.name), sum(d.close_amount)::text
FROM deal d
GROUP BY d.groups, d.currency
ORDER BY d.groups, d.currency
LIMIT $16::bigint;
