-- With whom opportunities are shared. Users and teams belong to another service.

ALTER TABLE opportunity
  ADD COLUMN readers text[] COLLATE "C" NOT NULL DEFAULT '{}',
  ADD COLUMN editors text[] COLLATE "C" NOT NULL DEFAULT '{}';
