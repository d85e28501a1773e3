-- name: DisplayNames
SELECT name, display_name FROM user_dimension WHERE tenant_id = $1::uuid AND name = ANY ($2::text[])
UNION ALL SELECT name, display_name FROM team_dimension WHERE tenant_id = $1::uuid AND name = ANY ($2::text[])
UNION ALL SELECT name, display_name FROM product_dimension WHERE tenant_id = $1::uuid AND name = ANY ($2::text[]);
