-- A message of which what was kept has been erased: by these hashes later copies are known, and kept out.
ALTER TABLE message ADD COLUMN erased_at BIGINT;

-- Since when the bytes of an activity's message are kept no more.
ALTER TABLE activity ADD COLUMN message_gone_at BIGINT;

-- Who refers to a decision that goes.
CREATE INDEX repeat_decision ON repeat (decision_id);
CREATE INDEX provenance_decision ON provenance (decision_id);
CREATE INDEX decision_superseded ON decision (superseded_by) WHERE superseded_by IS NOT NULL;
