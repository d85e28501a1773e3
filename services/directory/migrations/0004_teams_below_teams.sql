-- Teams are parts of larger ones.
ALTER TABLE team ADD COLUMN parent_team text COLLATE "C";
ALTER TABLE team ADD FOREIGN KEY (tenant_id, parent_team) REFERENCES team (tenant_id, name);
