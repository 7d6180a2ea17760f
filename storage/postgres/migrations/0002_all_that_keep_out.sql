-- Which entries of the never-log list keep out every other copy of a decision's message, too: as long as one of them stands,
-- they are kept out.
CREATE TABLE keeps_out (
    decision_id TEXT COLLATE "C" NOT NULL REFERENCES decision (id),
    entry_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (decision_id, entry_id)
);
INSERT INTO keeps_out SELECT id, entry_id FROM decision WHERE keeps_out = 1 AND entry_id IS NOT NULL;
ALTER TABLE decision DROP COLUMN keeps_out;
