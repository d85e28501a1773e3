-- An actor is named without the service, "users/anna"; activities had brought the full name of their owner.
UPDATE timeline_entry SET actor = regexp_replace(actor, '^//[^/]*/', '') WHERE actor LIKE '//%';
