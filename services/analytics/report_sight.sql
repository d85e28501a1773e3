-- name: FunnelCandidates
-- $2 pipeline, $3 and $4 period of the opening, $5 owners (empty: all), $6 most rows.
SELECT f.name, f.version FROM opportunity_fact f
WHERE f.tenant_id = $1::uuid AND f.pipeline = $2::text AND NOT f.deleted AND f.open_time >= $3::date AND f.open_time < $4::date
  AND (cardinality($5::text[]) = 0 OR f.owner = ANY ($5::text[]))
LIMIT $6::bigint;

-- name: RevenueCandidates
-- $2 pipeline (empty: all), $3 and $4 period of the close date; the rest as in FunnelCandidates.
SELECT f.name, f.version FROM opportunity_fact f
WHERE f.tenant_id = $1::uuid AND f.state = 'WON' AND NOT f.deleted AND ($2::text = '' OR f.pipeline = $2::text)
  AND f.close_date >= $3::date AND f.close_date < $4::date AND (cardinality($5::text[]) = 0 OR f.owner = ANY ($5::text[]))
LIMIT $6::bigint;
