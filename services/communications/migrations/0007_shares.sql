-- With whom activities are shared. Users and teams belong to another service.

ALTER TABLE activity
  ADD COLUMN readers text[] COLLATE "C" NOT NULL DEFAULT '{}',
  ADD COLUMN editors text[] COLLATE "C" NOT NULL DEFAULT '{}';
