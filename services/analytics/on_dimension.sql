-- name: UpsertUsers
INSERT INTO user_dimension (tenant_id, name, epoch, version, display_name, team)
SELECT $1::uuid, x.name, x.epoch, x.version, x.display_name, x.team
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[]) AS x(name, epoch, version, display_name, team)
ON CONFLICT (tenant_id, name) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, display_name = excluded.display_name,
  team = excluded.team
WHERE (user_dimension.epoch, user_dimension.version) < (excluded.epoch, excluded.version);

-- name: UpsertTeams
INSERT INTO team_dimension (tenant_id, name, epoch, version, display_name, region)
SELECT $1::uuid, x.name, x.epoch, x.version, x.display_name, x.region
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[]) AS x(name, epoch, version, display_name, region)
ON CONFLICT (tenant_id, name) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, display_name = excluded.display_name,
  region = excluded.region
WHERE (team_dimension.epoch, team_dimension.version) < (excluded.epoch, excluded.version);

-- name: UpsertOrganizations
INSERT INTO organization_dimension (tenant_id, name, epoch, version, display_name, sector, country_code)
SELECT $1::uuid, x.name, x.epoch, x.version, x.display_name, x.sector, x.country_code
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
  AS x(name, epoch, version, display_name, sector, country_code)
ON CONFLICT (tenant_id, name) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, display_name = excluded.display_name,
  sector = excluded.sector, country_code = excluded.country_code
WHERE (organization_dimension.epoch, organization_dimension.version) < (excluded.epoch, excluded.version);

-- name: UpsertProducts
INSERT INTO product_dimension (tenant_id, name, epoch, version, display_name)
SELECT $1::uuid, x.name, x.epoch, x.version, x.display_name
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) AS x(name, epoch, version, display_name)
ON CONFLICT (tenant_id, name) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, display_name = excluded.display_name
WHERE (product_dimension.epoch, product_dimension.version) < (excluded.epoch, excluded.version);

-- name: UpsertStages
INSERT INTO stage_dimension (tenant_id, name, epoch, version, pipeline, deleted, display_name, position, kind)
SELECT $1::uuid, x.name, x.epoch, x.version, x.pipeline, x.deleted, x.display_name, x.position, x.kind
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[], $7::text[], $8::bigint[], $9::text[])
  AS x(name, epoch, version, pipeline, deleted, display_name, position, kind)
ON CONFLICT (tenant_id, name) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, deleted = excluded.deleted,
  display_name = excluded.display_name, position = excluded.position, kind = excluded.kind
WHERE (stage_dimension.epoch, stage_dimension.version) < (excluded.epoch, excluded.version);
