-- What the enterprise's own directory calls users and teams.
ALTER TABLE app_user ADD COLUMN external_id text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE team ADD COLUMN external_id text COLLATE "C" NOT NULL DEFAULT '';
