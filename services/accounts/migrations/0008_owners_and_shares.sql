-- Who answers for organizations and people, and with whom they are shared. Users and teams belong to another service.

ALTER TABLE organization
  ADD COLUMN owner text COLLATE "C",
  ADD COLUMN readers text[] COLLATE "C" NOT NULL DEFAULT '{}',
  ADD COLUMN editors text[] COLLATE "C" NOT NULL DEFAULT '{}';

ALTER TABLE person
  ADD COLUMN owner text COLLATE "C",
  ADD COLUMN readers text[] COLLATE "C" NOT NULL DEFAULT '{}',
  ADD COLUMN editors text[] COLLATE "C" NOT NULL DEFAULT '{}';
