-- Why a reference within the service has no foreign key.
COMMENT ON COLUMN opportunity.pipeline IS 'No foreign key: it is the parent of the stage, which has one.';
COMMENT ON COLUMN stage_change.to_stage IS 'No foreign key: it is written by the verb that moves the opportunity, whose stage has one.';
